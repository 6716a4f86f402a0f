# make verify   needs a C compiler, make and libc; the rest is found by pkg-config, or does without.
# make help     lists the targets.

CC      ?= cc
BUILD   ?= build
PREFIX  ?= /usr/local
CFLAGS  ?= -O2
PROGRAM := $(BUILD)/cnncheck

ifeq ($(MAKELEVEL),0) # as many jobs as processors
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
endif

# Nothing may contract or reorder floating-point operations, for the bits, or be computed and dropped, for flags.
accepts = $(shell echo 'int main(void){return 0;}' | $(CC) $(1) -x c - -o /dev/null 2>/dev/null && echo $(1))
STRICT   := -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers \
            -ffp-contract=off $(call accepts,-ffp-exception-behavior=maytrap)
CPPFLAGS += -I.
# Said to the one object that uses it.
FIXTURES = -DFIXTURES_DIR='"$(CURDIR)/fixtures"'

# What this machine has beside the C library.
OPENMP := $(or $(call accepts,-fopenmp),-Wno-unknown-pragmas)
LDLIBS := $(LDLIBS) -lm $(call accepts,-ldl)
define LIBRARY
ifeq ($$(shell pkg-config --exists $(1) 2>/dev/null && echo yes),yes)
CPPFLAGS += -DHAVE_$(2) $$(shell pkg-config --cflags $(1))
LDLIBS   += $$(shell pkg-config --libs $(1))
endif
endef
$(foreach l,zlib/ZLIB libzip/LIBZIP libjpeg/JPEG libpng/PNG,$(eval $(call LIBRARY,$(patsubst %/,%,$(dir $l)),$(notdir $l))))

# SANITIZE=1 and COVERAGE=1 want a BUILD of their own; a tile is compiled once there, and not for each size.
ifdef SANITIZE
CFLAGS  := -O1 -g -Dalways_inline= -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif
ifdef COVERAGE
CFLAGS  := -O1 -g -Dalways_inline= --coverage -fprofile-update=single
LDFLAGS += --coverage
endif

# Instruction sets of the architecture, and how to compile for them. The arrays that scalar is made of
# take compilers minutes when all is inlined, but where all floats are to be tried, and that is quick.
ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
SETS := scalar $(if $(filter x86_64,$(ARCH)),avx2 avx512) $(if $(filter aarch64,$(ARCH)),neon)
HARD := $(if $(SANITIZE)$(COVERAGE),,-O3)
scalar_FLAGS = $(or $(if $(filter elementary relu sigmoid tanh,$*),$(HARD)),-fno-inline)
# What fast/flight.h puts side by side, GCC weaves into one another by these alone; Clang has none.
WEAVE = $(wordlist 2,3,$(call accepts,-Werror -fschedule-insns -fsched-pressure))
WOVEN = $(HARD) $(if $(filter sigmoid tanh softmax xent bce%,$*),$(WEAVE))
avx2_FLAGS = $(WOVEN) -mavx2 -mfma
avx512_FLAGS = $(WOVEN) -mavx512f
neon_FLAGS = $(HARD)

COMMON  := $(patsubst %.c,$(BUILD)/%.o,$(filter-out harness/main.c harness/net.c,\
             $(wildcard ref/*.c fast/isa/*.c harness/*/*.c harness/*.c)))
KERNELS := $(foreach set,$(SETS),$(patsubst %.c,$(BUILD)/%.$(set).o,$(wildcard fast/*.c)))
OBJECTS := $(COMMON) $(KERNELS) $(BUILD)/harness/net.ref.o $(BUILD)/harness/net.fast.o
# The longest first, which tests a script: that is the same in these builds.
TESTS   := $(if $(SANITIZE)$(COVERAGE),,$(BUILD)/tests/test_mutate) \
           $(filter-out %/test_mutate,$(patsubst %.c,$(BUILD)/%,$(wildcard tests/test_*.c)))

compile = @mkdir -p $(@D) && echo "  CC    $@" && \
          $(CC) $(STRICT) $(CPPFLAGS) $(CFLAGS) $(OPENMP) $(1) -MMD -MP -c $< -o $@

.PHONY: build verify verify-neon digest digest-compilers mutation test $(TESTS:=.run) cmocka bench-peers bench-check \
        train defects report coverage fixtures install install-headers clean help $(BUILD)/install/fixture.o
.DELETE_ON_ERROR:
build: $(PROGRAM)

# What make install installs differs from the program in where it finds its fixtures.
$(PROGRAM): $(OBJECTS) $(BUILD)/harness/main.o
$(BUILD)/install/cnncheck: $(patsubst %/harness/fixture.o,%/install/fixture.o,$(OBJECTS)) $(BUILD)/harness/main.o
$(BUILD)/install/fixture.o: FIXTURES = -DFIXTURES_DIR='"$(PREFIX)/share/cnncheck/fixtures"'
$(PROGRAM) $(BUILD)/install/cnncheck:
	@echo "  LINK  $@" && $(CC) $(CFLAGS) $(LDFLAGS) $(OPENMP) $^ $(LDLIBS) -o $@

$(BUILD)/%.o: %.c; $(call compile)
$(BUILD)/ref/%.o: ref/%.c; $(call compile,$(HARD))
$(BUILD)/harness/fixture.o $(BUILD)/install/fixture.o: harness/fixture.c; $(call compile,$(FIXTURES))
$(BUILD)/harness/net.ref.o: harness/net.c; $(call compile,-DNET_REF)
$(BUILD)/harness/net.fast.o: harness/net.c; $(call compile,-DNET_FAST)
$(foreach set,$(SETS),$(eval $$(BUILD)/fast/%.$(set).o: fast/%.c; $$(call compile,-DISA_$(set) $$($(set)_FLAGS))))

# Other flags, or a library that was installed since, make other objects.
FLAGS := $(CC) $(STRICT) $(CPPFLAGS) $(FIXTURES) $(CFLAGS) $(OPENMP) $(LDFLAGS) $(LDLIBS)
ifneq ($(FLAGS),$(file <$(BUILD)/flags))
.PHONY: $(BUILD)/flags
endif
$(BUILD)/flags:
	@mkdir -p $(@D) && printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@
$(OBJECTS) $(BUILD)/harness/main.o: $(BUILD)/flags

verify: $(PROGRAM) ## check every kernel against ref and NumPy, and train a network by both sides
	@$(PROGRAM) verify --json $(BUILD)/verify.json
	@$(PROGRAM) digest --check fixtures/DIGEST
verify-neon: ## the same on aarch64 (cross compiler, qemu): NEON must give the bits of x86-64
digest-compilers: ## check fixtures/DIGEST with GCC and Clang, -O1 to -O3
coverage: ## line coverage of verify and test (gcovr): build/coverage/index.html
verify-neon digest-compilers coverage:
	scripts/$@.sh $(BUILD)/$(@:verify-%=%)
digest: $(PROGRAM) ## write fixtures/DIGEST again, after a kernel's order of additions has changed
	$(PROGRAM) digest --out fixtures/DIGEST

# Tests may find the program, its objects and a place for their files.
$(BUILD)/tests/%: tests/%.c $(OBJECTS) | cmocka
	@mkdir -p $(@D) && echo "  CC    $@" && \
	$(CC) $(STRICT) $(CPPFLAGS) $(CFLAGS) $(OPENMP) -DBUILD_DIR='"$(abspath $(BUILD))"' \
	    -DSOURCE_DIR='"$(CURDIR)"' -MMD -MP $(LDFLAGS) $< $(OBJECTS) $(LDLIBS) \
	    $(shell pkg-config --libs cmocka) -o $@

$(TESTS:=.run): %.run: % $(PROGRAM)
	@echo "  TEST  $<"; rm -f $<.failed; OMP_WAIT_POLICY=passive $< >$<.said 2>&1 && cat $<.said || mv $<.said $<.failed
test: $(TESTS:=.run) ## run the tests (cmocka), side by side; those that fail have the last word
	@failed=; for t in $(TESTS); do [ ! -e $$t.failed ] || { cat $$t.failed; failed="$$failed $$t"; }; done; \
	if [ -n "$$failed" ]; then echo "FAILED:$$failed" >&2; exit 1; fi
cmocka:
	@command -v pkg-config >/dev/null || { echo "make test needs pkg-config, which finds cmocka: scripts/setup.sh installs both" >&2; exit 2; }
	@pkg-config --exists cmocka || { echo "make test needs cmocka: scripts/setup.sh installs it" >&2; exit 2; }

$(BUILD)/peers: scripts/peers.c $(OBJECTS)
	@echo "  CC    $@" && $(CC) $(STRICT) $(CPPFLAGS) -I/usr/include/$(shell $(CC) -dumpmachine)/openblas-pthread \
	    $(CFLAGS) $(OPENMP) $(LDFLAGS) $< $(OBJECTS) $(LDLIBS) -ldnnl -lopenblas -o $@ || \
	    { echo "make bench-peers: scripts/setup.sh peers installs what it needs" >&2; exit 2; }
bench-peers: $(BUILD)/peers ## beside oneDNN, OpenBLAS and PyTorch, in turns: build/peers.json and a table
	scripts/peers.py $(BUILD)
bench-check: $(PROGRAM) ## that no kernel became slower than scripts/bench.json says
	scripts/bench_check.py $(BUILD)
mutation: ## change the kernels in thousands of ways, one at a time: the harness must notice each
	scripts/mutate.py
train: $(PROGRAM) ## train the networks as their documents do and better, by ref and by fast
	scripts/train.sh $(PROGRAM) $(BUILD)
defects: $(PROGRAM) ## what the documents' bugs do to training, one at a time
	scripts/train_defects.py $(PROGRAM) $(BUILD)
fixtures: ## make NumPy's fixtures again, and show that nothing moved
	scripts/fixtures.py && scripts/defects.py
report: ## write REPORT.md from what verify, train, defects, bench and coverage left in build/
	scripts/report.py $(BUILD)

install: $(BUILD)/install/cnncheck install-headers ## install the program, its fixtures and what plugins include below PREFIX
	install -D $(BUILD)/install/cnncheck $(DESTDIR)$(PREFIX)/bin/cnncheck
	install -d $(DESTDIR)$(PREFIX)/share/cnncheck && cp -r fixtures $(DESTDIR)$(PREFIX)/share/cnncheck/
install-headers:
	for h in ref/*.h fast/*.h fast/isa/*.h; do install -D -m 644 $$h $(DESTDIR)$(PREFIX)/include/cnncheck/$$h || exit 1; done
clean: ## remove everything made
	rm -rf $(BUILD)
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
