#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The audit log: accounts that wait, several hosts, clients behind a proxy, bytes that are no text, rotation
# under load, a program that dies, a disk that gets full in the middle of a line, and keys that the worker rotates.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use POSIX ();
use Sys::Hostname ();
use Test::More;
use Time::HiRes qw(time);
use UmApi;
use UmCase;
use UmServer;

my $database = new_database();
my $sql = $database->{sql};
my $folder = UmTest::new_folder();
my $log = "$folder/audit.log";
my $other_log = "$folder/other.log";
my $keys = "$folder/keys";
my $mails = "$folder/mail";
mkdir $_, 0700 for $keys, $mails;
UmTest::new_key("$keys/20200101T000000Z-old.pem");      # has been due for long

my $lines = <<"END";
ErrorLogFormat "[%{u}t] [%-m:%l] [%L] %M"
UserMgmtAuditLog $log
UserMgmtMail file:$mails
UserMgmtEmailVerification required
UserMgmtVerifyURL "https://front.test.example/verify/{token}"
UserMgmtHashQueue 1000
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
@{[ basic_location() ]}
END

sub hosts {
    my ($port) = @_;
    return <<"END";
$lines
<VirtualHost 127.0.0.1:$port>
    ServerName localhost
    UserMgmt On
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName other.test.example
    UserMgmt On
    UserMgmtAuditLog $other_log
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName keys.test.example
    UserMgmt On
    UserMgmtSigningKey $keys
    UserMgmtKeyRotation 1m
</VirtualHost>
END
}

my $server = UmServer->start($database, '', hosts => \&hosts, children => 1, threads => 16,
    modules => [qw(auth_basic remoteip)]);
$UmApi::PORT = $server->{port};

# Other settings, beside the hosts or in their place, with new children.
sub restart {
    my ($change) = @_;
    local $_ = hosts($server->{port});
    $change->() if $change;
    $server->configure($_);
    return $server->graceful;
}

# The objects of a log's text.
sub events_of { return map { JSON::PP->new->decode($_) } split /\n/, $_[0] }

# What a function makes the server write, without what the worker writes at the same time.
sub events_after {
    my ($function) = @_;
    my $mark = UmTest::mark($log);
    $function->();
    return grep { $_->{event} !~ /\A(?:key_rotated|mail_sent)\z/ } events_of(UmTest::since($mark));
}

sub briefly { return map { join ' ', map { defined ? $_ : '-' } @$_{qw(event outcome reason)} } @_ }

my $address = 0;
sub stranger { return '198.51.100.' . ++$address }

sub post {
    my ($path, $member, %with) = @_;
    my $from = delete $with{from};
    return call(POST => $path, json => UmApi::object_text($member), any => 1,
        headers => [$from ? "X-Client: $from" : (), 'User-Agent: tester/1'], %with);
}

sub guess { return post($TOKEN, { username => $_[1], password => 'wrong horse' }, from => $_[0]) }

my $me = register(email => 'me@example.org');
my $waiting = register(email => 'waiting@example.org');
$sql->("update um_users set is_active = 1 where id = '$me->{id}'");

# ---- accounts that wait --------------------------------------------------------------------------------------------

case 'an account that waits until its address is verified' => sub {
    my $sign_in = sub { post($TOKEN, { username => $waiting->{username}, password => $_[0] }) };
    my @events = events_after(sub { $sign_in->($waiting->{password}) });
    is(join(', ', briefly(@events)), 'sign_in failed inactive', 'the right password');
    is_deeply([@{ $events[0] }{qw(user_id name)}], [@$waiting{qw(id username)}], 'and who it was');
    @events = events_after(sub { $sign_in->('wrong horse') });
    is(join(', ', briefly(@events)), 'sign_in failed wrong_password', 'a wrong one');
};

# ---- members -------------------------------------------------------------------------------------------------------

case 'the members that a request brings' => sub {
    my $before = int(time * 1000);
    my $mark = $server->mark;
    my ($event) = events_after(sub { guess('2001:db8::7', 'members') });
    my ($second, $ms) = $event->{time} =~ /\A(.*)\.(\d{3})Z\z/;
    my @time = $second =~ /\d+/g;
    my $at = 1000 * do { local $ENV{TZ} = 'UTC'; POSIX::tzset();
        POSIX::mktime($time[5], $time[4], $time[3], $time[2], $time[1] - 1, $time[0] - 1900) } + $ms;
    ok($at >= $before && $at <= time * 1000, 'the time is that of the call, in UTC') or diag("$event->{time} $before");
    is($event->{address}, '2001:db8::7', 'the address is that of mod_remoteip');
    is($event->{user_agent}, 'tester/1', 'the agent');
    is($event->{node}, Sys::Hostname::hostname(), 'the node');
    is($event->{host}, 'localhost', 'the host');
    like(UmTest::since($mark), qr/\[\Q$event->{request_id}\E\] UM320/, 'without mod_unique_id: the id of the error log');

    $mark = UmTest::mark($other_log);
    my @own = events_after(sub {
        exchange(request_text(POST => $TOKEN, json => '{"username":"elsewhere","password":"wrong horse"}')
            =~ s/Host: localhost/Host: other.test.example/r);
    });
    my ($there) = events_of(UmTest::since($mark));
    is($there->{host}, 'other.test.example', 'a host has its own name, and its own log');
    is(scalar @own, 0, 'and writes to no other');
    my %ids = map { $_->{request_id} => 1 } events_after(sub { guess(stranger(), 'ids') for 1 .. 5 });
    is(scalar keys %ids, 5, 'each request has an id of its own');
};

case 'names that are no text' => sub {
    my $say = sub {
        my ($name) = @_;
        return events_after(sub { call(GET => '/basic/', any => 1, headers => ['X-Client: ' . stranger(),
            'Authorization: Basic ' . encode_base64("$name:x", '')]) });
    };
    my ($event) = $say->("\xff\"\x01\\\n\xc3\xa9\xed\xa0\x80\xf0\x9f\x98\x80\x7f");
    is($event->{name}, "\x{fffd}\"\x01\\\n\x{e9}\x{fffd}\x{fffd}\x{fffd}\x{1f600}\x7f", 'each bad byte is U+FFFD');
    ($event) = $say->('a' x 5000);
    is($event->{name}, 'a' x 150, 'a long name is cut after 150 characters');
    ($event) = $say->("\x01" x 400);
    is($event->{name}, "\x01" x 150, 'also when each is escaped');
    unlike(UmTest::slurp($log), qr/[^\x20-\x7e\n]/, 'the log is printable ASCII');
};

# ---- the command line, seen over HTTP ------------------------------------------------------------------------------

case 'what the command line does to an account' => sub {
    my $id = $me->{id};
    my @cli = (UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params});
    UmTest::run(@cli, @$_) for [qw(user active), $me->{username}, 'on'], [qw(user staff), $me->{username}, 'on'],
        [qw(group new writers)], [qw(group add writers), $me->{username}], [qw(group drop writers), $me->{username}],
        [qw(user staff), $me->{username}, 'off'], [qw(user active), $me->{username}, 'off'],
        [qw(user active), $me->{username}, 'on'];
    my $token = login($me->{username}, $me->{password});
    my $page = json_of(call(GET => "$USERS$id/events/", token => $token)) || {};
    my @seen = map { join ' ', $_->{event}, $_->{by} // 'null', $_->{detail} || () } reverse @{ $page->{results} || [] };
    is(join(', ', @seen[-6 .. -1]), 'staff_given cli, group_added cli writers, group_dropped cli writers, staff_taken cli,'
        . ' account_off cli, account_on cli', 'the owner sees it') or diag(explain($page));
    $page = json_of(call(GET => "$USERS$id/events/", token => $token, headers => []));
    my ($first) = grep { $_->{event} eq 'registered' } @{ $page->{results} };
    my @row = split /\|/, $sql->("select id, user_id, kind, address, request_id, host, node from um_events"
        . " where user_id = '$id' and kind = 'registered'");
    is_deeply([@row[1 .. 3, 5, 6]], [$id, 'registered', '127.0.0.1', 'localhost', Sys::Hostname::hostname()],
        'a row has account, kind, address, host and node');
    is($first->{id}, $row[0], 'and is what the owner sees');
    my ($line) = grep { $_->{event} eq 'registered' && $_->{user_id} eq $id } events_of(UmTest::slurp($log));
    is($row[4], $line->{request_id}, 'its request is that of the line');
};

case 'keys that the worker rotates' => sub {
    my $found = await(30, sub {
        my ($event) = grep { $_->{event} eq 'key_rotated' } events_of(UmTest::slurp($log));
        return $event;
    });
    is_deeply([@$found{qw(outcome by user_id host)}], ['ok', 'worker', undef, 'keys.test.example'], 'a line of the worker');
    like($found->{detail}, qr/\S/, 'says what was done');
    is($sql->("select count(*) from um_events where kind = 'key_rotated' and detail = '$found->{detail}'"), 1, 'and a row');
};

# ---- the log itself ------------------------------------------------------------------------------------------------

# A child that guesses names of its own until it is told to end; its pid and the file with the names that were answered.
my $guessers = 0;
sub start_guesser {
    my $stem = 'guess' . ++$guessers . '.';
    my $file = UmTest::new_folder() . '/names';
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        my $ends = 0;
        $SIG{TERM} = sub { $ends = 1 };
        open my $out, '>', $file or POSIX::_exit(1);
        for (my $number = 1; !$ends; $number++) {
            my $answer = eval { guess('', "$stem$number") } || { status => 0 };
            print {$out} "$stem$number $answer->{status}\n";
        }
        close $out;
        POSIX::_exit(0);
    }
    return [$child, $file];
}

# name => status of each answer
sub end_guesser {
    my ($child, $file) = @{ $_[0] };
    kill TERM => $child;
    waitpid $child, 0;
    return map { split / / } split /\n/, UmTest::slurp($file);
}

case 'rotation by renaming and a graceful restart, under load' => sub {
    my @guessers = map { start_guesser() } 1, 2;
    my @parts;
    for my $number (1 .. 3) {
        my $size = -s $log;
        ok(await(60, sub { -s $log > $size + 3000 }), "lines are written before rotation $number");
        rename $log, "$log.$number" or die "$!\n";
        push @parts, "$log.$number";
        $server->graceful;
    }
    ok(await(20, sub { -s $log }), 'the last file is written');
    my %status = map { end_guesser($_) } @guessers;
    my %lines;
    $lines{ $_->{name} }++ for grep { defined $_->{name} } map { events_of(UmTest::slurp($_)) } @parts, $log;
    my @answered = grep { $status{$_} == 400 } keys %status;
    cmp_ok(scalar @answered, '>', 20, 'names were guessed meanwhile');
    is(join(' ', grep { ($lines{$_} || 0) != 1 } sort @answered), '', 'each answered try has one line in one of the files');
    is((stat $log)[2] & 07, 0, 'the new file is not for everybody');
};

case 'a program that dies' => sub {
    UmTest::spew("$folder/take", 'use IO::Handle; open my $out, ">>", $ARGV[0]; $out->autoflush;'
        . ' open my $pid, ">", "$ARGV[0].pid"; print $pid $$; close $pid; print $out $_ while <STDIN>;');
    restart(sub { s/^UserMgmtAuditLog .*/UserMgmtAuditLog "|$^X $folder\/take $folder\/taken"/m });
    my $taken = sub { -e "$folder/taken" ? UmTest::slurp("$folder/taken") : '' };
    guess('', 'before its death');
    ok(await(20, sub { $taken->() =~ /before its death/ }), 'it gets lines');
    my $pid = UmTest::slurp("$folder/taken.pid");
    kill KILL => $pid or die "$pid: $!\n";
    # A process that reads takes with it what comes until it is dead.
    await(20, sub { !-e "/proc/$pid/stat" || (eval { UmTest::slurp("/proc/$pid/stat") } // '') !~ /\) [^ZX]/ });
    is(guess('', "after its death $_")->{status}, 400, 'sign-ins are answered without it') for 1 .. 3;
    ok(await(20, sub { $taken->() =~ /after its death 3/ }), 'httpd starts it again');
    is(join(' ', $taken->() =~ /after its death (\d)/g), '1 2 3', 'which gets the lines of meanwhile');
    isnt(UmTest::slurp("$folder/taken.pid"), $pid, 'as a new process');
    restart();
};

SKIP: {
    skip('each request has a process of its own', 1) if UmTest::setting('MPM') eq 'prefork';
    skip('prlimit is not installed', 1) if UmTest::run('prlimit', '--version');
    case 'a disk that gets full in the middle of a line' => sub {
        truncate $log, 0;
        restart();      # without the children of before
        my $login = { username => $me->{username}, password => $me->{password} };
        guess('', 'there is room');
        my $mark = $server->mark;
        # No file of the children may become longer than a hundred bytes more than the log is: the next line is cut.
        my $limit = 20_000_000;
        truncate $log, $limit - 100;
        UmTest::run('prlimit', '--pid', $_, "--fsize=$limit:") for $server->children;
        is(guess('', "there is none $_")->{status}, 400, 'sign-ins are answered') for 1 .. 10;
        is(post($TOKEN, $login)->{status}, 200, 'also with the right password');
        my $said = UmTest::since($mark);
        is(scalar(() = $said =~ /UM702/g), 1, 'the error log has one line about it') or diag($said);
        my $text = UmTest::slurp($log);
        is(length $text, $limit, 'the log is full');
        my $part = substr $text, $limit - 100;
        truncate $log, $limit - 50;     # somebody makes room
        UmTest::run('prlimit', '--pid', $_, '--fsize=unlimited:') for $server->children;
        guess('', "there is room again $_") for 1 .. 2;
        my @after = split /\n/, substr UmTest::slurp($log), $limit - 50;
        is(scalar @after, 3, 'a part of the line that was cut is there, and lines by themselves');
        is(join(', ', map { (eval { JSON::PP->new->decode($_) } || {})->{name} || '-' } @after),
            '-, there is room again 1, there is room again 2', 'lines that come later are whole');
        like(UmTest::since($mark), qr/UM703: .* 10 more lines of this process were lost/, 'the error log says how many were lost');
    };
}

is($server->crashes, '', 'no process of the server crashed');
$server->stop;

case 'a log that passes the check of the configuration and cannot be opened' => sub {
    symlink "$folder/no/audit.log", "$folder/link" or die "$!\n";
    $server->configure(hosts($server->{port}) =~ s/^UserMgmtAuditLog \Q$log\E$/UserMgmtAuditLog $folder\/link/mr);
    my $mark = $server->mark;
    my ($status) = UmTest::run('timeout', 60, UmTest::httpd(), '-DFOREGROUND', '-d', $server->{folder}, '-f',
        "$server->{folder}/httpd.conf");
    is($status, 1, 'a link to no folder stops the start');
    like(UmTest::since($mark), qr/UM701: the audit log \Q$folder\E\/link cannot be opened/, 'with UM701');
};

api_done();
