#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The program usermgmt on SQLite: what only reads makes no database and changes none.
use strict;
use warnings;
use lib 't/lib';
use Digest::SHA;
use Test::More;
use UmTest;

sub usermgmt {
    my ($file, @words) = @_;
    return UmTest::run(UmTest::cli(), '--driver', 'sqlite3', '--params', $file, @words);
}

sub sql {
    my ($file, @texts) = @_;
    my ($status, $output) = UmTest::run('sqlite3', '-batch', $file, @texts);
    die "@texts: $output\n" if $status;
    chomp $output;
    return $output;
}

# A database with the steps up to that number, as a shell makes it.
sub database_of {
    my ($last) = @_;
    my $file = UmTest::new_folder() . '/accounts.db';
    my @steps = grep { m{/(\d{3})_[^/]*\z} && $1 <= $last } sort glob UmTest::sources() . '/sql/sqlite3/*.sql';
    sql($file, map { ".read $_" } @steps);
    return $file;
}

my @READERS = (['schema', 'status'], [qw(user show alice)], [qw(group list)]);

# ---- no database ---------------------------------------------------------------------------------------------------

for my $words (@READERS, [qw(user active alice off)]) {
    my $folder = UmTest::new_folder();
    my ($status, $output) = usermgmt("$folder/accounts.db", @$words);
    ok($status && $output =~ /there is no database in \Q$folder\E\/accounts\.db: .*usermgmt schema upgrade/,
        "@$words names the database that does not exist") or diag("$status $output");
    is(join(' ', glob "$folder/*"), '', "@$words does not create it");
}
{
    my $file = UmTest::spew(UmTest::new_folder() . '/accounts.db', '');
    my ($status, $output) = usermgmt($file, qw(schema status));
    ok($status && $output =~ /there is no database/, 'an empty file is no database') or diag("$status $output");
    ($status, $output) = usermgmt($file, qw(schema upgrade));
    ok(!$status && $output =~ /applied  001_accounts/, 'schema upgrade creates the database') or diag("$status $output");
    is(sql($file, 'pragma journal_mode'), 'wal', 'the new database has the journal mode that the module needs');
}

# ---- a database of an older version --------------------------------------------------------------------------------

for my $words (@READERS) {
    my $file = database_of(5);
    my $before = Digest::SHA->new(256)->addfile($file)->hexdigest;
    my ($status, $output) = usermgmt($file, @$words);
    my $wanted = $words->[0] eq 'schema' ? qr/applied  005_sessions\nmissing  /
        : qr/lacks the schema's step .*usermgmt schema upgrade/;
    ok($status && $output =~ $wanted, "@$words names the missing step") or diag("$status $output");
    is(Digest::SHA->new(256)->addfile($file)->hexdigest, $before, "@$words does not change the file");
}

# ---- a database of a newer version ---------------------------------------------------------------------------------

{
    my $file = database_of(999);
    sql($file, "insert into um_schema (step, name, applied_at, works_from) values (998, '998_more', 1, 0)");
    my ($status, $output) = usermgmt($file, qw(schema status));
    ok(!$status && $output =~ /^unknown  998_more$/m, 'schema status shows a step of a newer version') or diag("$status $output");
    is((usermgmt($file, qw(group list)))[0], 0, 'other commands work with that step');
    sql($file, "update um_schema set works_from = 998 where step = 998");
    for my $words (@READERS, ['schema', 'upgrade']) {
        ($status, $output) = usermgmt($file, @$words);
        ok($status && $output =~ /step 998_more, which does not work with this version/,
            "@$words refuses a step that needs a newer version") or diag("$status $output");
    }
}

# ---- root ----------------------------------------------------------------------------------------------------------

SKIP: {
    # In a user namespace of the test's own the user is root, and the real root's folders are somebody else's.
    my @root = qw(unshare --user --map-root-user);
    skip 'no user namespaces here', 1 if (UmTest::run(@root, 'true'))[0];
    my ($status, $output) = UmTest::run(@root, UmTest::cli(), qw(--driver sqlite3 --params /usr/accounts.db user show x));
    ok($status && $output =~ m{folder /: the rights of its owner cannot be taken on},
        "root does not work in another user's folder with rights of its own") or diag("$status $output");
}

done_testing();
