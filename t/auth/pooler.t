#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pgbouncer between httpd and PostgreSQL, with the lines of docs/scaling.md: which of its pool modes work, and how.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use UmApi;
use UmProgram;
use UmServer;
use UmTest ();

plan(skip_all => 'pgbouncer is for PostgreSQL') if UmTest::database() ne 'pgsql';
my $PROGRAM = program('pgbouncer') or plan(skip_all => 'pgbouncer is not installed');

my ($SERVERS, $CLIENTS, $ROUNDS) = (4, 6, 8);
my $CHILDREN = 3;
my ($INI) = UmTest::slurp(UmTest::sources() . '/docs/scaling.md') =~ /^```ini\n(.*?)^```\n/ms
    or die "docs/scaling.md has no lines for pgbouncer\n";

# A pgbouncer over that database, with so many connections to it: its port and its process.
sub pooler {
    my ($database, $mode, $servers) = @_;
    my ($folder, $port) = (UmTest::new_folder(), free_port());
    my ($host, $name) = $database->{params} =~ /host=(\S+) .*dbname=(\S+)/ or die "$database->{params}\n";
    my $lines = $INI;
    # What differs on a machine of the tests: addresses, folders and users.
    my %put = ('host=db.example.org port=5432 dbname=accounts' => "host=$host dbname=$name user=usermgmt",
        'listen_port = 6432' => "listen_port = $port", 'auth_type = scram-sha-256' => 'auth_type = any',
        'auth_file = /etc/pgbouncer/userlist.txt' => "admin_users = usermgmt\nunix_socket_dir =",
        'default_pool_size = 20' => "default_pool_size = $servers", 'pool_mode = transaction' => "pool_mode = $mode");
    for my $was (sort keys %put) {
        $lines =~ s/^(accounts = )?\Q$was\E$/($1 || '') . $put{$was}/me or die "docs/scaling.md has no line $was\n";
    }
    my $file = UmTest::spew("$folder/pgbouncer.ini", "${lines}logfile = $folder/log\n");
    my $child = launch($port, $PROGRAM, $file) or return;
    return { port => $port, child => $child, file => $file };
}

sub server {
    my ($pooler, $database, $lines) = @_;
    my $params = "host=127.0.0.1 port=$pooler->{port} user=usermgmt dbname=accounts connect_timeout=2 tcp_user_timeout=5000";
    # All clients may hash at the same time, in one child: half of its threads hash at most.
    return UmServer->start({ %$database, params => $params }, "UserMgmtHashConcurrency 16\n$lines",
        children => $CHILDREN, threads => 2 * $CLIENTS);
}

# A row of "show pools" or the like, by its columns.
sub shown {
    my ($pooler, $what) = @_;
    my @lines = split /\n/, UmTest::output_of(UmTest::setting('PGBIN') . '/psql', qw(-XAF| -h 127.0.0.1 -U usermgmt -p),
        $pooler->{port}, '-c', $what, 'pgbouncer');
    my @names = split /\|/, shift @lines;
    my ($row) = grep { /\Aaccounts\|/ } @lines;
    my %row;
    @row{@names} = split /\|/, $row || '';
    return \%row;
}

# What an account goes through, as one line of statuses.
sub life {
    my ($port, $sent) = @_;
    my @statuses;
    my $ask = sub {
        my ($method, $path, %with) = @_;
        my $answer = call($method => $path, port => $port, any => 1, %with);
        push @statuses, $answer->{status};
        return json_of($answer) || {};
    };
    my $name = new_name();
    my ($old, $new) = (good_password(), 'Red-River!82y');
    my $email = "$name\@example.org";
    my $made = $ask->(POST => $USERS, json => qq({"username":"$name","password":"$old","email":"$email"}));
    my $path = $USERS . ($made->{id} || 'none') . '/';
    my $token = $ask->(POST => $TOKEN, json => qq({"username":"$name","password":"$old"}));
    $ask->(POST => '/api-token-refresh/', json => '{"refresh_token":' . json_text($token->{refresh_token} || '') . '}');
    my @mine = (token => $token->{token} || 'none');
    $ask->(GET => $path, @mine);
    $ask->(PATCH => $path, @mine, json => '{"first_name":"Ann"}');
    $ask->(GET => "${path}sessions/", @mine);
    my $changed = $ask->(POST => $path, @mine, json => qq({"old_password":"$old","new_password":"$new"}));
    @mine = (token => $changed->{token} || 'none');
    if ($sent) {
        $ask->(POST => '/api/password_reset/', json => qq({"email":"$email"}));
        my $reset = await(30, sub { mail_token($sent, $email) });
        $ask->(POST => '/api/password_reset/confirm/', json => '{"token":' . json_text($reset || '') . ',"password":"Green-Hill!93z"}');
        @mine = (token => $ask->(POST => $TOKEN, json => qq({"username":"$name","password":"Green-Hill!93z"}))->{token});
    }
    $ask->(GET => "${path}events/", @mine);
    $ask->(DELETE => $path, @mine);
    return join ' ', @statuses;
}

# The token of the mail about a reset to an address, in a folder of mails.
sub mail_token {
    my ($sent, $email) = @_;
    for my $file (glob "$sent/*.eml") {
        my $text = UmTest::slurp($file) =~ s/=\r?\n//gr;
        return $1 if $text =~ /^To:\s+<\Q$email\E>/m && $text =~ m{/reset/} && $text =~ /^Token: ([\w-]{43})\r?$/m;
    }
    return;
}

# Many at once: each line of statuses, and how often it was seen.
sub crowd {
    my ($port) = @_;
    my @readers;
    for (1 .. $CLIENTS) {
        my $child = open my $out, '-|';
        die "fork: $!\n" unless defined $child;
        if (!$child) {
            print life($port), "\n" for 1 .. $ROUNDS;
            close STDOUT;
            POSIX::_exit(0);
        }
        push @readers, $out;
    }
    my %seen;
    for my $out (@readers) {
        chomp, $seen{$_}++ while <$out>;
        close $out;
    }
    return \%seen;
}

my $FINE = '201 200 200 200 200 200 200 200 204';
my $database = new_database();
my $sent = UmTest::new_folder();

# ---- by transaction --------------------------------------------------------------------------------------------------

my $pooler = pooler($database, 'transaction', $SERVERS) or die "pgbouncer does not start\n";
my $server = server($pooler, $database, "UserMgmtPreparedStatements Off\nUserMgmtMail \"file:$sent\"");
is(life($server->{port}, $sent), '201 200 200 200 200 200 200 200 200 200 200 204', 'by transaction: an account, with mail');
is_deeply(crowd($server->{port}), { $FINE => $CLIENTS * $ROUNDS }, 'by transaction: many accounts at once');
my $pool = shown($pooler, 'show pools');
cmp_ok($pool->{sv_active} + $pool->{sv_idle} + $pool->{sv_used}, '<=', $SERVERS, 'pgbouncer holds no more connections than it may');
cmp_ok($pool->{cl_active} + $pool->{cl_waiting}, '>', $SERVERS, 'httpd has more');
unlike($server->log, qr/prepared statement/, 'no statement was prepared');

# It is restarted: what fails meanwhile is answered 503, and then all is well.
end_program($pooler->{child});
is(call(GET => "${USERS}me/", port => $server->{port}, token => 'x', any => 1)->{status} =~ /\A(?:401|503)\z/ ? 'fine' : 'not',
    'fine', 'without pgbouncer a request is refused');
is(call(POST => $TOKEN, port => $server->{port}, any => 1, json => '{"username":"nobody","password":"x"}')->{status}, 503,
    'and a sign-in is answered 503');
$pooler->{child} = launch($pooler->{port}, $PROGRAM, $pooler->{file});
# Each child finds that out by itself, up to five seconds later.
my $seen;
ok(await(60, sub { $seen = crowd($server->{port}); return !grep { $_ ne $FINE } keys %$seen }),
    'after its start everything works again, in all children') or diag(explain($seen));
is($server->crashes, '', 'nothing crashed');
$server->stop;

# With prepared statements the first ones fail, and are sent again without a name.
$server = server($pooler, $database, 'UserMgmtPreparedStatements On');
$seen = crowd($server->{port});
cmp_ok($seen->{$FINE} || 0, '>', 0.8 * $CLIENTS * $ROUNDS, 'by transaction with prepared statements: most is answered');
diag("with prepared statements: $seen->{$_} times $_") for grep { $_ ne $FINE } sort keys %$seen;
is($server->crashes, '', 'nothing crashed');
$server->stop;
end_program($pooler->{child});

# ---- by session ------------------------------------------------------------------------------------------------------

$pooler = pooler($database, 'session', 2 * 3 * $CHILDREN) or die "pgbouncer does not start\n";
# Each connection of httpd holds one of pgbouncer's. UmServer allows twice as many children, and DBDMax is 3.
$server = server($pooler, $database, '');
$seen = crowd($server->{port});
cmp_ok($seen->{$FINE} || 0, '>', 0.8 * $CLIENTS * $ROUNDS, 'by session, with prepared statements: it is answered');
diag("by session: $seen->{$_} times $_") for grep { $_ ne $FINE } sort keys %$seen;
$server->stop;
end_program($pooler->{child});

done_testing();
