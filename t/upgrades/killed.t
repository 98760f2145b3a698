#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# "usermgmt schema upgrade" is killed before statements that change the schema, and before COMMIT. Called again it goes on,
# and in the end schema and rows are those of a database whose steps were applied without any trouble. t/upgrades/run
# kills it before each of them; other runs begin at random and take a part: SQLite also counts what it executes itself to
# read the schema, nine hundred in all.
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
my $stride = -d UmTest::scratch() . '/old' ? 1 : $is_pgsql ? 3 : 40;

# Kills the program at the statement of that number; returns its exit status.
sub killed {
    my ($database, $at) = @_;
    my ($status) = upgrade($database, environment => { LD_PRELOAD => $killer, UM_TEST_KILL_AT => $at,
        UM_TEST_KILL_CHANGES => 1 });
    return $status;
}

# Answers questions whose answer is one line. It is asked after each death, so it is a program that stays.
sub asker {
    my ($database) = @_;
    my @command = $is_pgsql ? (programs() . '/psql', qw(-XqAt -v ON_ERROR_STOP=1 -U usermgmt -h), UmTest::pg_folder(),
        name_of($database)) : ('sqlite3', '-batch', '-cmd', '.timeout 5000', $database->{params});
    my $pid = open2(my $out, my $in, @command);
    $in->autoflush(1);
    return { pid => $pid, in => $in, out => $out };
}

# The number of steps and of the rows of each table.
sub counts {
    my ($asker, @tables) = @_;
    print { $asker->{in} } 'select ', join(', ', map { "(select count(*) from $_)" } 'um_schema', @tables), ";\n";
    my $line = readline $asker->{out};
    defined $line or die "the database does not answer\n";
    chomp $line;
    return $line;
}

sub start_at { return 1 + int rand $stride }

# Kills and calls it again until all is done. after: is called after each step that was applied, with its file; SQLite
# applies all of them in one transaction. Returns how often it was killed.
sub upgrade_by_deaths {
    my ($database, $first, $after) = @_;
    my @left = later_steps($first);
    my ($at, $deaths, $steps, $status) = (start_at(), 0, $first);
    my @tables = tables_of($database);
    my $asker = asker($database);
    my $before = counts($asker, @tables);
    do {
        $status = killed($database, $at);
        $at += $stride;
        $deaths++ if $status == 137;
        my $now = counts($asker, @tables);
        my ($applied) = $now =~ /\A(\d+)/;
        if ($applied > $steps) {
            $after->($_) for splice @left, 0, $applied - $steps;
            ($at, $steps) = (start_at(), $applied);
                @tables = tables_of($database);
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

my $fresh = schema_of(new_database());
my $newest = steps();

for my $first ($is_pgsql ? 1 : (1, $newest - 1)) {
    my $easy = database_of_step($first);
    my $hard = copy_of($easy);
    for my $file (later_steps($first)) {
        apply($easy, $file);
        fill($easy, $file) if $is_pgsql;
    }
    my ($status, $said) = upgrade($easy);
    is("$status $said", "0 nothing to do: the database has all steps\n", "from step $first without trouble");
    my $deaths = upgrade_by_deaths($hard, $first, sub { fill($hard, $_[0]) if $is_pgsql });
    cmp_ok($deaths, '>', ($newest - $first) / 2, "it was killed $deaths times");
    is(schema_of($hard), $fresh, "from step $first: the schema is that of a new database");
    is(rows_of($hard), rows_of($easy), 'all rows are there, with their keys');
}

done_testing();
