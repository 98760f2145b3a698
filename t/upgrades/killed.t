#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# "usermgmt schema upgrade" is killed before statements that change the schema, and before COMMIT. Called again it goes on,
# and in the end schema and rows are those of a database whose steps were applied without any trouble. On PostgreSQL the
# same is so when the answer to a statement is lost, above all that to COMMIT, and when the server terminates its session.
# t/upgrades/run takes each statement; other runs begin at random and take a part: SQLite also counts what it executes
# itself to read the schema, nine hundred in all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IPC::Open2;
use IO::Handle;
use Test::More;
use UmServer;
use UmTest ();
use UmUpgrade;

my $killer = UmTest::library('killat');
my $is_pgsql = UmTest::database() eq 'pgsql';
my $is_long = -d UmTest::scratch() . '/old';
my $stride = $is_long ? 1 : $is_pgsql ? 6 : 60;

# What the program says and its exit status when that happens to it (t/lib/killat.c).
sub disturbed {
    my ($database, %with) = @_;
    return upgrade($database, environment => { LD_PRELOAD => $killer, map { ("UM_TEST_KILL_$_" => $with{$_}) } keys %with });
}

# Kills the program at the statement of that number; returns its exit status.
sub killed {
    my ($database, $at) = @_;
    return (disturbed($database, AT => $at, CHANGES => 1))[0];
}

# A shell of the database that stays: each call of one takes longer than what it is asked.
sub asker {
    my ($database) = @_;
    my @command = $is_pgsql ? (programs() . '/psql', qw(-XqAt -v ON_ERROR_STOP=1 -U usermgmt -h), UmTest::pg_folder(),
        name_of($database)) : ('sqlite3', '-batch', '-cmd', '.timeout 5000', $database->{params});
    my $pid = open2(my $out, my $in, @command);
    $in->autoflush(1);
    return { pid => $pid, in => $in, out => $out };
}

sub ask {
    my ($asker, $question) = @_;
    print { $asker->{in} } "$question;\n";
    my $line = readline $asker->{out};
    defined $line or die "the database does not answer\n";
    chomp $line;
    return $line;
}

# The tables that there are now, and the number of steps and of the rows of each table.
sub tables {
    my ($asker) = @_;
    my $list = $is_pgsql ? "string_agg(relname, ' ') from pg_class where relkind = 'r' and relname"
        : "group_concat(name, ' ') from sqlite_master where type = 'table' and name";
    return grep { $_ ne 'um_schema' } split / /, ask($asker, "select $list like 'um\\_%' escape '\\'");
}

sub counts {
    my ($asker, @tables) = @_;
    return ask($asker, 'select ' . join(', ', map { "(select count(*) from $_)" } 'um_schema', @tables));
}

sub start_at { return 1 + int rand $stride }

# Kills and calls it again until all is done. after: is called after each step that was applied, with its file; SQLite
# applies all of them in one transaction. Returns how often it was killed.
sub upgrade_by_deaths {
    my ($database, $first, $after) = @_;
    my @left = later_steps($first);
    my ($at, $deaths, $steps, $status) = (start_at(), 0, $first);
    my $asker = asker($database);
    my @tables = tables($asker);
    my $before = counts($asker, @tables);
    do {
        $status = killed($database, $at);
        $at += $stride;
        $deaths++ if $status == 137;
        my $now = counts($asker, @tables);
        my ($applied) = $now =~ /\A(\d+)/;
        if ($applied > $steps) {
            $after->($asker, $_) for splice @left, 0, $applied - $steps;
            ($at, $steps) = (start_at(), $applied);
            @tables = tables($asker);
            $now = $before = counts($asker, @tables);
        }
        if ($now ne $before || ($status != 137 && $status != 0)) {
            fail("step " . ($steps + 1) . ", killed at statement $at: status $status, rows $now, before $before");
            return $deaths;
        }
    } while ($status);
    close $asker->{in};
    waitpid $asker->{pid}, 0;
    is(scalar @left, 0, "from step $first: all steps are applied") or diag("killed $deaths times");
    return $deaths;
}

# What the module of that step would have written meanwhile. On SQLite all steps are applied at once.
sub fill_beside {
    my ($asker, $file) = @_;
    print { $asker->{in} } "$_;\n" for $is_pgsql ? rows_of_step($file) : ();
    return;
}

my $fresh = fresh_schema();
my $newest = steps();

for my $first ($is_pgsql ? 1 : (1, $newest - 1)) {
    my $easy = database_of_step($first);
    my $hard = copy_of($easy);
    $is_pgsql ? grow($easy, later_steps($first)) : apply($easy, later_steps($first));
    my ($status, $said) = upgrade($easy);
    is("$status $said", "0 nothing to do: the database has all steps\n", "from step $first without trouble");
    my $deaths = upgrade_by_deaths($hard, $first, \&fill_beside);
    cmp_ok($deaths, '>', ($newest - $first) / 2, "it was killed $deaths times");
    is(schema_of($hard), $fresh, "from step $first: the schema is that of a new database");
    is(rows_of($hard), rows_of($easy), 'all rows are there, with their keys');
}

# ---- PostgreSQL: connections that are lost -------------------------------------------------------------------------

# The schema is complete, the rows are those of an upgrade without trouble.
sub is_whole {
    my ($database, $rows, $name) = @_;
    is(schema_of($database), $fresh, "$name: the schema is that of a new database");
    is(rows_of($database), $rows, "$name: all rows are there, once, with their keys");
    return;
}

# At the COMMIT of each step. The program goes on by itself. When the session was terminated it tries the same COMMIT again,
# hence each second one.
sub each_step {
    my ($database, $rows, $how) = @_;
    my ($status, $said) = disturbed($database, HOW => $how, EVERY => $how eq 'lost' ? 1 : 2, STEPS => 1);
    is($status, 0, "each step, $how: the program goes on") or diag($said);
    my @times = $said =~ /^killat: COMMIT$/mg;
    cmp_ok(scalar @times, '>=', $newest - 2, 'each step had one');
    my @applied = $said =~ /^applied  (\d+)/mg;
    is("@applied", join(' ', map { sprintf '%03d', $_ } 2 .. $newest), 'it says what it has applied');
    is_whole($database, $rows, "each step, $how");
    return;
}

# The second COMMIT of step 015 is that of a part that renames what was made before it.
sub renaming {
    my $database = database_of_step(14);
    my ($status, $said) = disturbed($database, HOW => 'lost', AT => 2, COMMITS => 1);
    like($said, qr/^killat: COMMIT$/m, 'a renaming part, lost: it was');
    is($status, 0, 'the program goes on') or diag($said);
    is(schema_of($database), $fresh, 'the schema is that of a new database');
    return;
}

# At each statement by itself. When the program gives up it is called again.
sub each_statement {
    my ($first, $rows, $how) = @_;
    my ($again, $at) = (0, 0);
    while (1) {
        my $database = copy_of($first);
        my ($status, $said) = disturbed($database, HOW => $how, AT => ++$at, CHANGES => 1);
        my ($statement) = $said =~ /^killat: (.*)/m or last;
        if ($status) {
            $again++;
            ($status, $said) = upgrade($database);
        }
        is($status, 0, "statement $at, $how: the upgrade ends") or diag("$statement\n$said");
        is_whole($database, $rows, "statement $at, $how");
        drop($database);
    }
    cmp_ok($at, '>', 3 * $newest, "$how at each of " . ($at - 1) . " statements; called again after $again of them");
    return;
}

if ($is_pgsql) {
    my $first = database_of_step(1);
    my $easy = copy_of($first);
    my ($status, $said) = upgrade($easy);
    is($status, 0, 'without trouble') or diag($said);
    my $rows = rows_of($easy);
    for my $how (qw(lost terminate)) {
        each_step(copy_of($first), $rows, $how);
        each_statement($first, $rows, $how) if $is_long;
    }
    renaming();
}

done_testing();
