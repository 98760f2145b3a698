# SPDX-License-Identifier: Apache-2.0
package UmLedger;
# Clients that write down what they asked for and what they were answered, and an audit of the database against that.
#
#   my $ledger = UmLedger->start(clients => 6);     ... a fault ...      my @entries = $ledger->stop;
#   audit($database->{sql}, \@entries);             # { lost => [...], doubled => [...], ... }
#
# Each client makes accounts with names of their own, one after the other, and does with each what people do. An entry of
# the ledger: { op, name, began, ended, status, retry, value, body }; retry: whether Retry-After came with it.
# page: { path, token } of a protected page, for which one more client asks again and again.
# ports: a file with the ports of servers, among which each request picks one, as a balancer does; it may be changed.
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);
use UmApi;
use UmTest ();

our @EXPORT = qw(audit refusals sample);

my $DOMAIN = 'ledger.example';
my $FIRST = 'Blue-Tree!71x';
my $SECOND = 'Green-Field!93z';
my $PAUSE = 0.1;        # seconds before a client asks again
my $THINK = 0.05;       # seconds between its requests: others work on the machine, too
my $PATIENCE = 60;      # seconds until it gives up

# What each kind of request is answered when all is well.
my %GOOD = (register => 201, read => 200, change => 200, signin => 200, refresh => 200, password => 200, reset => 200,
    delete => 204, deleted => 401, page => 200);

sub start {
    my ($class, %with) = @_;
    my $folder = UmTest::new_folder();
    my $self = bless { over => "$folder/over", clients => [] }, $class;
    for my $number (0 .. $with{clients} || 6) {
        my $life = $number ? \&one_account : $with{page} ? \&one_page : next;
        my $file = "$folder/$number";
        my $child = fork;
        die "fork: $!\n" unless defined $child;
        if (!$child) {
            $SIG{TERM} = sub { POSIX::_exit(1) };
            open my $out, '>', $file or POSIX::_exit(1);
            $out->autoflush(1);
            my $client = { out => $out, over => $self->{over}, page => $with{page},
                ports => $with{ports} };
            eval { $life->($client) until -e $self->{over}; 1 } or note($client, 'died', '-', 0, 0, '', $@);
            POSIX::_exit(0);
        }
        push @{ $self->{clients} }, { child => $child, file => $file };
    }
    return $self;
}

sub stop {
    my ($self) = @_;
    UmTest::spew($self->{over}, '');
    my @entries;
    for my $client (@{ $self->{clients} }) {
        waitpid $client->{child}, 0;
        push @entries, map { JSON::PP::decode_json($_) } split /\n/, UmTest::slurp($client->{file});
    }
    return @entries;
}

# ---- a client ------------------------------------------------------------------------------------------------------

sub note {
    my ($client, $op, $name, $began, $status, $value, $body, $retry) = @_;
    print { $client->{out} } JSON::PP::encode_json({ op => $op, name => $name, began => $began, ended => time,
        status => $status, retry => $retry ? 1 : 0, value => $value, body => substr($body, 0, 300) }), "\n";
    return;
}

# One request, once; 0: no answer.
sub ask {
    my ($client, $op, $value, $method, $path, %with) = @_;
    my $began = time;
    my @ports = $client->{ports} ? split ' ', UmTest::slurp($client->{ports}) : ();
    my @port = @ports ? (port => $ports[rand @ports]) : ();
    my $answer = eval { call($method => $path, any => 1, @port, %with) } || { status => 0, body => $@ || '' };
    note($client, $op, $client->{name}, $began, $answer->{status}, $value, $answer->{body},
        exists $answer->{head}{'retry-after'});
    sleep $THINK;
    return $answer;
}

# Until it is neither refused for now nor left without an answer.
sub insist {
    my ($client, @request) = @_;
    my $end = time + $PATIENCE;
    my $answer;
    do {
        sleep $PAUSE if $answer;
        $answer = ask($client, @request);
    } while (time < $end && ($answer->{status} == 503 || $answer->{status} == 0));
    return $answer;
}

sub sign_in {
    my ($client, $op, $password) = @_;
    return insist($client, $op, $password, POST => $TOKEN,
        json => qq({"username":"$client->{name}","password":"$password"}));
}

# An account's life: each step goes on from what the ones before have been answered.
sub one_account {
    my ($client) = @_;
    my $name = $client->{name} = new_name('lg');
    my $answer = ask($client, 'register', '', POST => $USERS,
        json => qq({"username":"$name","password":"$FIRST","email":"$name\@$DOMAIN"}));
    return sleep $PAUSE if $answer->{status} != 201;
    my $made = JSON::PP::decode_json($answer->{body});
    note($client, 'id', $name, 0, 0, $made->{id}, '');
    my $path = "$USERS$made->{id}/";
    my @mine = (token => $made->{auth_token});
    insist($client, 'read', '', GET => $path, @mine);
    ask($client, 'change', $_, PATCH => $path, @mine, json => qq({"first_name":"$_"})) for 1 .. 3;
    my $signed_in = sign_in($client, 'signin', $FIRST);
    return if $signed_in->{status} != 200;
    my $tokens = JSON::PP::decode_json($signed_in->{body});
    insist($client, 'refresh', '', POST => '/api-token-refresh/', json => qq({"refresh_token":"$tokens->{refresh_token}"}))
        if $tokens->{refresh_token};
    my $new = ask($client, 'password', $SECOND, POST => $path, @mine,
        json => qq({"old_password":"$FIRST","new_password":"$SECOND"}));
    # When that was refused, or nothing came, either of the two passwords may be the one.
    my $is_known = $new->{status} == 200;
    my $now = sign_in($client, $is_known ? 'signin' : 'try', $SECOND);
    $now = sign_in($client, 'signin', $FIRST) if !$is_known && $now->{status} == 400;
    return if $now->{status} != 200;
    @mine = (token => JSON::PP::decode_json($now->{body})->{token});
    note($client, 'token', $name, 0, 0, $mine[1], $path);
    insist($client, 'read', '', GET => $path, @mine);
    ask($client, 'reset', '', POST => '/api/password_reset/', json => qq({"email":"$name\@$DOMAIN"}));
    if (rand() < 0.2) {
        my $gone = ask($client, 'delete', '', DELETE => $path, @mine);
        insist($client, 'deleted', '', GET => $path, @mine) if $gone->{status} == 204;
    }
    return;
}

sub one_page {
    my ($client) = @_;
    $client->{name} = '-';
    ask($client, 'page', '', GET => $client->{page}{path}, token => $client->{page}{token});
    return sleep $PAUSE;
}

# ---- the audit -----------------------------------------------------------------------------------------------------

# Answers that are false. $fault: { began, over: when the service had to be there again, no_answer: whether requests may
# remain without an answer, longest: the seconds that an answer may take }. An answer 503, or none, is right while the
# fault lasts only, and 503 never for the page, whose caller is cached. A request belongs to the fault that was under way
# at any time of it.
sub refusals {
    my ($entries, $fault) = @_;
    my @wrong;
    for my $entry (grep { $GOOD{ $_->{op} } || $_->{op} =~ /\A(?:try|died)\z/ } @$entries) {
        my $is_within = $entry->{ended} >= $fault->{began} && $entry->{began} <= $fault->{over};
        my $seconds = $entry->{began} ? $entry->{ended} - $entry->{began} : 0;
        if ($seconds <= ($fault->{longest} || $seconds)) {
            next if $entry->{status} == ($GOOD{ $entry->{op} } || 200);
            next if $entry->{op} eq 'try' && $entry->{status} == 400;
            next if $entry->{status} == 503 && $is_within && $entry->{retry} && $entry->{op} ne 'page';
            next if $entry->{status} == 0 && $entry->{op} ne 'died' && $fault->{no_answer} && $is_within;
        }
        push @wrong, sprintf '%s of %s: %s%s %s (%.1f s after the fault began, %.1f s before it had to be over, within'
            . ' %.1f s)', $entry->{op}, $entry->{name}, $entry->{status}, $entry->{status} == 503 && !$entry->{retry}
            ? ' without Retry-After' : '', $entry->{body}, $entry->{began} - $fault->{began},
            $fault->{over} - $entry->{began}, $seconds;
    }
    return @wrong;
}

# What the ledger says of each account.
sub accounts_of {
    my ($entries) = @_;
    my %account;
    for my $entry (grep { $_->{name} ne '-' } @$entries) {
        my $account = $account{ $entry->{name} } ||= { step => 0, tried => 0, sessions => 0, op => {} };
        my $op = $entry->{op};
        my $is_done = $GOOD{$op} && $entry->{status} == $GOOD{$op};
        $account->{op}{$op}{ $is_done ? 'done' : 'unknown' }++;
        $account->{id} = $entry->{value} if $op eq 'id';
        ($account->{token}, $account->{path}) = ($entry->{value}, $entry->{body}) if $op eq 'token';
        $account->{tried} = $entry->{value} if $op eq 'change';
        $account->{step} = $entry->{value} if $op eq 'change' && $is_done;
        $account->{password} = $entry->{value} if $op =~ /\A(?:signin|try)\z/ && $entry->{status} == 200;
        $account->{sessions}++ if $op =~ /\A(?:register|signin|try|password)\z/;
    }
    return \%account;
}

# What the audit asks the database, in one statement, because each takes a process: rows of kind, key and two values.
my $FACTS = join ' union all ',
    "select 'user', username, cast(id as text), first_name from um_users where email like '%\@$DOMAIN'",
    "select 'session', cast(user_id as text), cast(count(*) as text), '' from um_sessions group by user_id",
    (map { "select kind || ' $_', cast(user_id as text), cast(count(*) as text), '' from um_${_} where user_id is not null"
        . ' group by kind, user_id' } qw(mail events)),
    map { "select 'orphan', '$_', cast(count(*) as text), '' from $_ where user_id not in (select id from um_users)" }
        qw(um_sessions um_one_time_tokens um_memberships);

sub facts {
    my ($sql) = @_;
    my %facts;
    for my $line (split /\n/, $sql->($FACTS)) {
        my ($kind, $key, @values) = split /\|/, $line, -1;
        $facts{$kind}{$key} = \@values;
    }
    return \%facts;
}

# The database against the ledger. taken: the mails that the mail server has taken, { to, id }, if mails are looked at;
# the caller has waited until none is under way.
sub audit {
    my ($sql, $entries, $taken) = @_;
    my $accounts = accounts_of($entries);
    my %found = map { $_ => [] } qw(lost doubled half_done);
    my $facts = facts($sql);
    my $count = sub { my ($kind, $id) = @_; return ($facts->{$kind}{$id} || [0])->[0] };
    my %sent;
    $sent{ $_->{to} }{ $_->{id} }++ for @{ $taken || [] };
    for my $name (sort keys %$accounts) {
        my $account = $accounts->{$name};
        my $op = $account->{op};
        my $is_deleted = $op->{delete};
        my ($id, $step) = @{ $facts->{user}{$name} || [] };
        push @{ $found{lost} }, "deletion of $name" if $id && $op->{delete}{done};
        push @{ $found{lost} }, "account $name" if !$id && $op->{register}{done} && !$is_deleted;
        next if !$id || $is_deleted;
        push @{ $found{lost} }, "account $name has another id" if $account->{id} && $account->{id} ne $id;
        push @{ $found{lost} }, "change $account->{step} of $name, which has '$step'" if ($step || 0) < $account->{step};
        push @{ $found{doubled} }, "change $step of $name, which nobody asked for" if ($step || 0) > $account->{tried};
        my $has = $count->('session', $id);
        push @{ $found{half_done} }, "$name has no session" unless $has;
        push @{ $found{doubled} }, "$name has $has sessions of $account->{sessions}" if $has > $account->{sessions};
        my $verify = $count->('verify mail', $id);
        my $notices = $count->('password_changed mail', $id);
        push @{ $found{half_done} }, "$name has no mail to verify its address" unless $verify;
        push @{ $found{doubled} }, "$name has $verify mails to verify its address" if $verify > 1;
        my $registered = $count->('registered events', $id);
        my $new_passwords = $count->('password_changed events', $id);
        push @{ $found{ $registered ? 'doubled' : 'half_done' } }, "$name has $registered events of its registration"
            if $registered != 1;
        push @{ $found{ $new_passwords > 1 ? 'doubled' : 'half_done' } },
            "$name has $notices notices of a new password and $new_passwords events" if $new_passwords != $notices;
        my $is_second = ($account->{password} || '') eq $SECOND;
        push @{ $found{half_done} }, "$name has a new password and no notice" if $is_second && !$notices;
        push @{ $found{half_done} }, "$name has the old password and a notice" if $notices && $account->{password}
            && !$is_second;
        push @{ $found{doubled} }, "$name has $notices notices of a new password" if $notices > 1;
        next unless $taken;
        my $most = $verify + $notices + ($op->{reset} ? 1 : 0);
        my $least = $verify + $notices + ($op->{reset}{done} ? 1 : 0);
        my $mails = keys %{ $sent{"$name\@$DOMAIN"} || {} };
        push @{ $found{lost} }, "$name got $mails mails of $least" if $mails < $least;
        push @{ $found{doubled} }, "$name got $mails different mails of $most" if $mails > $most;
    }
    push @{ $found{half_done} }, map { "rows without an account: $_" } grep { $count->('orphan', $_) }
        sort keys %{ $facts->{orphan} };
    return \%found;
}

# Asks the server for some of the accounts: whether passwords and tokens that were handed out are good.
sub sample {
    my ($entries, $most) = @_;
    my $accounts = accounts_of($entries);
    my @lost;
    my @names = grep { $accounts->{$_}{token} && !$accounts->{$_}{op}{delete} } sort keys %$accounts;
    my $every = @names > $most ? @names / $most : 1;
    for my $number (0 .. ($every > 1 ? $most : scalar @names) - 1) {
        my $name = $names[$number * $every];
        my $account = $accounts->{$name};
        my $read = call(GET => $account->{path}, token => $account->{token}, any => 1);
        push @lost, "the session of $name: $read->{status} $read->{body}" if $read->{status} != 200;
        my $in = call(POST => $TOKEN, any => 1, json => qq({"username":"$name","password":"$account->{password}"}));
        push @lost, "the password of $name: $in->{status} $in->{body}" if $in->{status} != 200;
    }
    return @lost;
}

1;
