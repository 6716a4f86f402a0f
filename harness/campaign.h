/* campaign.h - what `cnncheck verify` runs, and what it counts. */
#ifndef HARNESS_CAMPAIGN_H
#define HARNESS_CAMPAIGN_H

#include "harness/defects.h"
#include "harness/fixture.h"
#include "harness/network.h"

enum { REJECTIONS_TOLD = 3 }; /* of a function, in full; the others are counted */

enum tier { TIER_SMOKE, TIER_FULL, TIER_EXHAUSTIVE };

struct campaign {
    /* what to run */
    const char *glob;       /* of layer.function, network.train and network.fixtures, or of a part
                             * before the dot */
    const char *only;       /* one case, and the fixtures of that name; NULL: all */
    bool use[ISA_COUNT];
    bool lowered;           /* these sets were asked for; the others are left out on purpose */
    uint64_t seed;
    enum tier tier;
    double budget;          /* seconds of random cases after the tier's own; 0: none */
    int shard, shards;      /* this is the shard-th of shards, counted from 1 */
    int threads;
    /* what came of it */
    struct tally *tally;    /* one a function, in the order of checks[] */
    int tallies;
    struct training *training;
    int trainings;
    struct following *following;
    int followings;
    struct proof *proof;    /* one a defect */
    int proofs;
    double start, seconds;
};

/* What is counted for one function. */
struct tally {
    const struct check *check;
    const struct function *function;
    long cases, exact, bound, fixtures; /* cases, by what they were judged with */
    long trusted;                       /* cases that are evidence: see trust.h */
    long calls[ISA_COUNT];              /* of fast, under guard */
    long lanes;                         /* trials at another alignment, or with a NaN or infinity */
    long relations;                     /* that held, by ref and by fast at every set */
    long rejected;
    double seconds;                     /* of a processor, in cases and all floats */
    long exhausted;                     /* floats tried by the exhaustive tier, at every set */
    double ulps, ulps_at;               /* the worst error in ulps, from half of one, and its x */
    double headroom;                    /* the worst error as a part of its bound */
    char witness[SHAPE_TEXT + 32];      /* and the case and set where it was */
    double *spread;                     /* the worst of every bounded case */
    long spreads;
    char failure[800];                  /* the first one */
};

/* A network trained by both sides. */
struct training {
    const struct network *network;
    int epochs;
    double loss_ref[8], loss_fast[8], accuracy_ref, accuracy_fast, difference;
    bool held;
    double seconds;
    char failure[512];
};

/* A network on NumPy's fixtures of it. */
struct following {
    const struct network *network;
    long cases, steps, rejected;
    double off;        /* the worst difference of ref, as a part of its tensor's largest element */
    double headroom;   /* the worst error of fast as a part of its bound */
    double seconds;
    char failure[800]; /* the first one */
};

/* Whether the campaign's glob takes "name.function". */
bool campaign_takes(const struct campaign *c, const char *name, const char *function);

/* Whether it runs a level: one that was asked for, or scalar for its bits, which no plugin
 * needs. */
bool campaign_runs(const struct campaign *c, int isa);

/* The level whose bits the others have to give. */
enum isa campaign_lead(const struct campaign *c);

/* The parts of a campaign; each adds to the tallies. */
void campaign_cases(struct campaign *c);
void campaign_fixtures(struct campaign *c);
void campaign_exhaust(struct campaign *c);
void campaign_lanes(struct campaign *c);
void campaign_relations(struct campaign *c);
void campaign_train(struct campaign *c);
void campaign_networks(struct campaign *c);
void campaign_defects(struct campaign *c);

/* Inputs of a case, drawn for the exact judge or for the bound. */
void draw_inputs(uint64_t seed, struct judge *j, const char *text, bool exact);

/* A case that was judged, from any thread. `what` is "integers", "reals" or "fixture". */
void tally_case(struct campaign *c, struct tally *t, const char *text, const char *what,
                double headroom, enum isa isa, bool evidence);

/* A rejection, from any thread: counted, and printed with the line that reproduces it, which ends
 * in `again`: options of verify, or NULL for --case text. */
void tally_failure(struct campaign *c, struct tally *t, const char *text, enum isa isa,
                   const char *reason, const char *again);

/* The median of a tally's spread; NaN when it is empty. */
double tally_median(struct tally *t);

/* What became of an instruction set: it ran on every case; was left out on purpose; is none of this
 * machine's; or is, and some function was not called with it, or it is missing in this build. */
enum set_state { SET_RAN, SET_LOWERED, SET_ABSENT, SET_MISSED };
enum set_state campaign_set(const struct campaign *c, enum isa isa);

/* Whether nothing of it was run; and nothing at all, where shards are more than cases: then nothing
 * was rejected, and nothing held. */
bool tally_idle(const struct tally *t);
bool campaign_idle(const struct campaign *c);

/* Whether too few of its cases are evidence. */
bool tally_distrusted(const struct tally *t);

/* All that was rejected, sets that were missed and functions without evidence included. */
long campaign_rejected(const struct campaign *c);

/* Reports: a table and a verdict on stdout, and files for other programs. */
bool report_summary(struct campaign *c);
bool report_json(struct campaign *c, const char *path, struct error *e);
bool report_junit(struct campaign *c, const char *path, struct error *e);

#endif
