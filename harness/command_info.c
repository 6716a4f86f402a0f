#include "harness/campaign.h"
#include "harness/command.h"
#include "harness/image.h"
#include "harness/network.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: cnncheck info\n"
    "\n"
    "Prints the version, what this build can do, the instruction sets and whether this machine\n"
    "runs them, the functions, and the networks with their forms.\n";

int info_command(int argc, char **argv)
{
    struct error e;
    enum isa isa;
    if (argc > 1 && !strcmp(argv[1], "--help")) {
        fputs(help, stdout);
        return EXIT_HELD;
    }
    if (argc > 1) {
        fail(&e, "%s: info takes no arguments", argv[1]);
        return unusable(&e);
    }
    if (!parse_isa(NULL, &isa, &e))
        return unusable(&e);
    printf("cnncheck %s\n\n", program_version);
    printf("compiler          %s\n", compiler_name);
#ifdef _OPENMP
    printf("threads           OpenMP, %d processors\n", default_threads());
#else
    printf("threads           one: built without OpenMP\n");
#endif
#ifdef HAVE_ZLIB
    printf("compressed data   zlib\n");
#else
    printf("compressed data   no: built without zlib\n");
#endif
#ifdef HAVE_LIBZIP
    printf("saved weights     libzip\n");
#else
    printf("saved weights     no: built without libzip\n");
#endif
    printf("photographs       JPEG: %s, PNG: %s\n",
           image_kind_lacks_library(IMAGE_JPEG) ? "no, built without libjpeg" : "libjpeg",
           image_kind_lacks_library(IMAGE_PNG) ? "no, built without libpng" : "libpng");
    printf("fixtures          %s\n", fixtures_dir());
    printf("instruction sets ");
    for (int i = 0; i < ISA_plugin; i++)
        printf(" %s%s", isa_name[i],
               i == (int)isa                ? " (in use)"
               : isa_usable((enum isa)i)    ? ""
               : isa_present((enum isa)i) ? " (not in this build)"
                                          : " (not on this machine)");
    printf("\nfunctions         ");
    for (int i = 0; checks[i]; i++)
        for (const struct function *f = checks[i]->function; f->name; f++)
            printf("%s%s.%s", f != checks[i]->function ? " " : i ? "\n                  " : "",
                   checks[i]->layer, f->name);
    for (int i = 0; networks[i]; i++) {
        printf("\n%-17s %s:", i ? "" : "networks", networks[i]->name);
        for (const struct form *f = networks[i]->form; f->name; f++)
            printf(" %s", f->name);
    }
    printf("\n");
    return EXIT_HELD;
}
