/* model_named.h - a model as requests name it in one string: NAME, or NAME@DIGEST, which insists on these files. */
#ifndef SOLVENT_MODEL_NAMED_H
#define SOLVENT_MODEL_NAMED_H

#include "handlers/call.h"

enum { MODEL_NAMED_MAX = 64 + 1 + 64 };

struct model_named {
    struct str name, digest; /* digest: of its files now */
};

/* model_named_keep finds the model for this call; without a digest the call is impure. Errors: INVALID ("/model": there is
 * none, or it has another digest); those of call_keep_model. */
enum status model_named_keep(struct call *call, struct str asked, struct model_named *named,
                             struct kept_model **out) MUST_CHECK;

/* model_unknown is the failure that there is no such model, or that it is left out, with the name that may have been meant;
 * returns `status`. Errors: also NO_MEMORY. */
enum status model_unknown(struct call *call, enum status status, const char *pointer, struct str name) MUST_CHECK;

/* model_named_text writes NAME@DIGEST. */
struct str model_named_text(const struct model_named *named, char text[MODEL_NAMED_MAX + 1]);

#endif
