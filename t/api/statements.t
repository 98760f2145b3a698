#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What a request costs PostgreSQL: how many round trips, and that no statement is planned anew each time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);
use UmApi;
use UmServer;

plan(skip_all => 'SQLite is in the process: no round trips, and no plans that depend on values')
    if UmTest::database() ne 'pgsql';

my $database = new_database();
my ($name) = $database->{params} =~ /dbname=(\w+)/;
$database->{sql}->("alter database $name set log_statement = 'all'");
# Tables of some size: PostgreSQL reads a small one from end to end, whatever it is asked for.
add_accounts($database, 2000, 'other');
$database->{sql}->('vacuum analyze');

my %server;
for my $unique (qw(Off On)) {
    $server{$unique} = UmServer->start($database, "UserMgmtUniqueEmail $unique", children => 1);
}
my $log = UmTest::pg_log();

# The statements that the function makes PostgreSQL execute, each as [text, values]: what prepares them is not counted,
# as that happens once, nor what the worker does meanwhile.
sub statements {
    my ($function) = @_;
    my $mark = UmTest::mark($log);
    $function->();
    my (%of, @found);
    for my $line (split /\n/, UmTest::since($mark)) {
        my ($session, $rest) = $line =~ /\[(\d+)\] (.*)/ or next;
        if ($rest =~ /\ALOG:  (?:execute [^:]*: PREPARE \w+ |statement: (?!PREPARE ))(.*)/) {
            push @{ $of{$session} }, [$1, ''];
        }
        elsif ($of{$session} && $rest =~ /\ADETAIL:  parameters: (.*)/) {
            $of{$session}[-1][1] = $1;
        }
    }
    # The worker's transactions begin in a way of their own, and what it runs by itself is about its tables.
    for my $all (values %of) {
        while (my $statement = shift @$all) {
            if ($statement->[0] eq 'BEGIN' && @$all && $all->[0][0] =~ /\Aset local /) {
                1 while @$all && (shift @$all)->[0] !~ /\A(?:COMMIT|ROLLBACK)\z/;
                next;
            }
            push @found, $statement if $statement->[0] !~ / limit (?:1\b|cast)|\bum_requests\b/;
        }
    }
    return @found;
}

# How often PostgreSQL runs a statement by one plan for all values, of ten times in a session of its own.
sub generic_plans {
    my ($text, $parameters) = @_;
    my @values = map { s/\A\$\d+ = //r } $parameters =~ /(\$\d+ = (?:NULL|'(?:[^']|'')*'))/g;
    my $list = @values ? '(' . join(', ', @values) . ')' : '';
    my @run = (UmTest::setting('PGBIN') . '/psql', qw(-XqAt -v ON_ERROR_STOP=1 -U usermgmt -h), UmTest::pg_folder(),
        '-d', $name, map { ('-c', $_) } 'begin', "prepare ten $text", ("execute ten$list") x 10,
        'select \'plans \' || generic_plans from pg_prepared_statements where name = \'ten\'', 'rollback');
    my ($status, $output) = UmTest::run(@run);
    return $status == 0 && $output =~ /^plans (\d+)$/m ? $1 : "$status $output";
}

my $number = 0;
my $account;
my @operations = (
    ['a registration', 2, sub {
        my $answer = call(POST => $USERS, json => sprintf('{"username":"%s","password":"%s","email":"new%d@example.org"}',
            new_name(), good_password(), ++$number));
        $account = json_of($answer) || {};
        return $answer->{status};
    }, 201],
    ['a sign-in', 2, sub {
        return call(POST => $TOKEN, json => sprintf('{"username":"%s","password":"%s"}', $account->{username},
            good_password()))->{status};
    }, 200],
    ['a profile', 1, sub { return call(GET => "$USERS$account->{id}/", token => $account->{auth_token})->{status} }, 200],
    ['a change of names', 2, sub {
        return call(PATCH => "$USERS$account->{id}/", token => $account->{auth_token},
            json => '{"first_name":"Ann","last_name":"Lee' . ++$number . '"}')->{status};
    }, 200],
    ['a change of all', 2, sub {
        return call(PUT => "$USERS$account->{id}/", token => $account->{auth_token},
            json => '{"first_name":"Ann","last_name":"Lee","email":"changed' . ++$number . '@example.org"}')->{status};
    }, 200],
);

for my $unique (qw(Off On)) {
    local $UmApi::PORT = $server{$unique}{port};
    $_->[2]->() for @operations;    # what a process does once is done
    for my $operation (@operations) {
        my ($what, $round_trips, $function, $want) = @$operation;
        my $status;
        my @done;
        # The worker may be in the middle of something: what is too much each time is the request's.
        for my $try (1 .. 10) {
            @done = statements(sub { $status = $function->() });
            last if @done <= $round_trips;
            sleep 0.1;
        }
        is($status, $want, "UserMgmtUniqueEmail $unique: $what");
        is(scalar @done, $round_trips, "makes $round_trips round trips")
            or diag(join "\n", map { $_->[0] } @done);
        for my $statement (@done) {
            my $plans = generic_plans(@$statement);
            my ($begin) = $statement->[0] =~ / AS (.{1,50})/;
            cmp_ok($plans =~ /\A\d+\z/ ? $plans : 0, '>', 0, "planned once: $begin")
                or diag("$plans\n@$statement");
        }
    }
}

api_done();
