/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_RECORDS_PRIVATE_H
#define UM_RECORDS_PRIVATE_H
/* What records.c gives to the readers of each format. */
#include "records.h"

/** The next byte, or EOF; and gives it back, to be read again. */
int um_records_byte(um_records_t *records);
void um_records_give_back(um_records_t *records, int c);

/** Starts a record; adds a byte to it. Bytes beyond the longest record are counted and not kept. */
void um_records_start(um_records_t *records);
void um_records_keep(um_records_t *records, int c);

/** Ends the record with a NUL. APR_EINVAL: it is too long, or has a NUL within. */
apr_status_t um_records_finish(um_records_t *records);

/** Sets why and returns rv; if a read has failed, says that instead and returns APR_EGENERAL. */
apr_status_t um_records_refuse(um_records_t *records, apr_status_t rv, const char *why);

#endif
