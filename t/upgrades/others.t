#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# "usermgmt schema upgrade" beside others: transactions that have locks, another upgrade, an index that was not finished, a
# role without rights, a full disk. It waits or says what is wrong, and nobody else waits behind it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Handle;
use Test::More;
use Time::HiRes qw(sleep time);
use UmServer;
use UmTest ();
use UmUpgrade;

my $is_pgsql = UmTest::database() eq 'pgsql';
my $fresh = fresh_schema();

# A shell of the database that stays open; what it is given is executed.
sub shell {
    my ($database) = @_;
    my @command = $is_pgsql ? (programs() . '/psql', qw(-Xq -U usermgmt -h), UmTest::pg_folder(), name_of($database))
        : ('sqlite3', '-batch', $database->{params});
    open my $shell, '|-', @command or die "$command[0]: $!\n";
    $shell->autoflush(1);
    return $shell;
}

# What a program has said until now.
sub said { return UmTest::slurp($_[0]{out}->filename) }

# It ends well, and the schema is complete.
sub is_done {
    my ($database, $program, $name) = @_;
    my ($status, $text) = ended($program);
    is($status, 0, "$name: it ends well") or diag($text);
    is(schema_of($database), $fresh, "$name: the schema is that of a new database");
    return $text;
}

sub is_refused {
    my ($database, $pattern, $name, %with) = @_;
    my $steps = steps_of($database);
    my ($status, $text) = upgrade($database, %with);
    isnt($status, 0, "$name: it fails");
    like($text, $pattern, "$name: it says why");
    is(steps_of($database), $steps, "$name: nothing was done");
    return;
}

# ---- SQLite --------------------------------------------------------------------------------------------------------

sub sqlite {
    my $database = database_of_step(10);
    my $lock = shell($database);
    print {$lock} "begin immediate;\n";
    ok(await(10, sub { (UmTest::run('sqlite3', $database->{params}, 'begin immediate'))[0] }), 'a shell has the lock');
    my @two = map { start_upgrade($database) } 1, 2;
    for my $program (@two) {
        ok(await(20, sub { said($program) =~ /waiting: another program has locked the database/ }),
            'an upgrade says that it waits');
    }
    close $lock;
    my @texts = map { is_done($database, $_, 'two upgrades at once') } @two;
    is(scalar(grep { /applied  011/ } @texts), 1, 'one of them has applied the steps');
    is(scalar(grep { /nothing to do/ } @texts), 1, 'the other one found nothing to do');

    $database = database_of_step(10);
    my $flag = UmTest::spew(UmTest::new_folder() . '/full', '');
    my %full = (LD_PRELOAD => UmTest::library('diskfull'), UM_TEST_FULL => $flag, UM_TEST_FULL_PATH => '/accounts.db');
    is_refused($database, qr/disk (?:is full|I\/O error)/, 'a full disk', environment => \%full);
    unlink $flag;
    is_done($database, start_upgrade($database, environment => \%full), 'the disk has room again');

    $database = database_of_step(10);
    chmod 0400, $database->{params} or die "$!\n";
    is_refused($database, qr/readonly database|unable to open/, 'a file that cannot be written');
    chmod 0600, $database->{params} or die "$!\n";
    is_done($database, start_upgrade($database), 'it can be written again');
    return;
}

# ---- PostgreSQL ----------------------------------------------------------------------------------------------------

# How many seconds a sign-in's statement takes.
sub seconds_of_a_session {
    my ($database) = @_;
    my $began = time;
    $database->{sql}->("insert into um_sessions (id, user_id, user_version, created_at, expires_at)"
        . ' select gen_random_uuid(), id, version, 1, 2 from um_users where username_key = \'bare\'');
    return time - $began;
}

# The process of a transaction, once it has used um_users.
sub user_of_users {
    my ($database) = @_;
    my $holder = "select pid from pg_locks where relation = 'um_users'::regclass and granted and pid <> pg_backend_pid()"
        . ' limit 1';
    my $pid;
    ok(await(10, sub { $pid = $database->{sql}->($holder) }), 'a transaction has used um_users');
    return $pid;
}

# Step 017 changes um_users, and a transaction that has read it is open.
sub locked {
    my $database = database_of_step(16);
    my $reader = shell($database);
    print {$reader} "begin; select count(*) from um_users;\n";
    my $pid = user_of_users($database);
    my @two = (start_upgrade($database));
    ok(await(20, sub { said($two[0]) =~ /^usermgmt: waiting: the step 017_custom needs a lock .*\b$pid\b/m }),
        'an upgrade says for whose lock it waits') or diag(said($two[0]));
    push @two, start_upgrade($database);
    ok(await(20, sub { said($two[1]) =~ /waiting: another upgrade of this database is running/ }),
        'a second upgrade says that it waits for the first one');
    my ($longest) = sort { $b <=> $a } map { sleep 0.2; seconds_of_a_session($database) } 1 .. 15;
    cmp_ok($longest, '<', 3, 'sign-ins do not wait for as long as the upgrade does');
    note(sprintf 'the longest took %.2f s', $longest);
    print {$reader} "commit;\n";
    close $reader;
    my @texts = map { is_done($database, $_, 'two upgrades at once') } @two;
    like($texts[0], qr/^applied  017_custom$/m, 'the first one has applied the step');
    like($texts[1], qr/nothing to do/, 'the second one found nothing to do');
    return;
}

# Step 015 begins with an index, which PostgreSQL finishes when earlier transactions have ended.
sub unfinished_index {
    my $database = database_of_step(14);
    my $writer = shell($database);
    print {$writer} "begin; update um_users set first_name = 'Bare' where username = 'bare';\n";
    user_of_users($database);
    my $program = start_upgrade($database);
    my $builder = "select pid from pg_stat_activity where query like 'create unique index concurrently%'"
        . " and datname = current_database() and wait_event_type = 'Lock'";
    my $pid;
    ok(await(20, sub { $pid = $database->{sql}->($builder) }), 'the index waits for a transaction');
    cmp_ok(seconds_of_a_session($database), '<', 3, 'sign-ins do not');
    kill KILL => $program->{pid};
    ended($program);
    $database->{sql}->("select pg_terminate_backend($pid)");
    ok(await(20, sub { !$database->{sql}->("select count(*) from pg_stat_activity where pid = $pid") }), 'it is killed');
    is($database->{sql}->("select count(*) from pg_index where not indisvalid"), '1', 'an index is left, and is not valid');
    print {$writer} "commit;\n";
    close $writer;
    is_done($database, start_upgrade($database), 'an index that was left unfinished');
    is($database->{sql}->("select first_name from um_users where username = 'bare'"), 'Bare', 'the change is there');
    return;
}

sub without_rights {
    my $database = database_of_step(16);
    my $role = 'web_' . name_of($database);
    $database->{sql}->("create role $role login");
    $database->{sql}->("grant select, insert, update, delete on all tables in schema public to $role");
    is_refused($database, qr/the schema's step 017_custom failed: .*must be owner of table um_users/, 'a role without rights',
        params => $database->{params} =~ s/user=usermgmt/user=$role/r);
    $database->{sql}->("drop owned by $role; drop role $role");
    is_done($database, start_upgrade($database), 'the owner');
    return;
}

if ($is_pgsql) {
    locked();
    unfinished_index();
    without_rights();
}
else {
    sqlite();
}

done_testing();
