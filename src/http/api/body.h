/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BODY_H
#define UM_BODY_H
/* The request's body: read within the limit, and parsed by its media type. */
#include "endpoint.h"

/** Reads and parses the body. An empty one of any type is an empty object.
 * @return OK; DONE: it was faulty and the answer has been sent; AP_FILTER_ERROR: a filter has sent its own answer */
int um_body_read(um_call_t *call, um_json_doc_t **doc);

#endif
