#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# An edit of one SQL statement compiles few files: only those of the store that run statements by their numbers.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

# The files of the store, one a noun: the last that came are store_list.c, for lists of accounts,
# store_user_admin.c, for what only an administrator does to one, store_email_change.c, for a table of its own,
# store_import.c, for many accounts at once, store_mail_admin.c, for mails in an administrator's hands, store_move.c,
# store_idempotency.c and store_webhook.c, each for a table of its own, and schema_upgrade.c.
my $MOST = 24;

# What "make -n" would do if the statements had just been edited; runtests has asked it where the build is.
my %compiled = map { $_ => 1 }
    UmTest::slurp(UmTest::scratch() . '/rebuild') =~ m{ -c .*?\b((?:src/[\w/]+|mod_usermgmt)\.c)\b}g;

for my $file (qw(store_sql store_user store_session store_mail)) {
    ok($compiled{"src/store/$file.c"}, "src/store/$file.c would be compiled again");
}
is(join(' ', grep { !m{\Asrc/store/} } sort keys %compiled), '', 'no file outside the store would be');
cmp_ok(scalar keys %compiled, '<=', $MOST, "at most $MOST files would be") or diag(join "\n", sort keys %compiled);

done_testing();
