# SPDX-License-Identifier: Apache-2.0
package UmApi;
# A client that lets a suite choose every byte it sends, the answers the contract promises, and accounts to play with.
#
#   my $r = call(POST => '/api/v1/users/', json => '{"username":"x"}', token => $t, headers => ['Accept: */*']);
#   $r->{status}  $r->{body}  $r->{head}{lower_case_name} (the values, in order)  json_of($r)
#
# Every answer that passes through call() is held against the rules that hold for all of them; api_done() reports the
# ones that broke a rule, so no suite has to repeat those checks.
use strict;
use warnings;
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use UmCase;
use UmTest ();

our @EXPORT = qw(call answer_is detail faults json_of json_text exchange answers connection request_text new_name
    good_password register login profile_of race api_done $USERS $TOKEN $UUID %SAY);

our $USERS = '/api/v1/users/';
our $TOKEN = '/api-token-auth/';
our $UUID = qr/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

# The texts that clients compare with, by short names for the tables of the suites.
our %SAY = (
    required => 'This field is required.',
    blank => 'This field may not be blank.',
    null => 'This field may not be null.',
    string => 'Not a valid string.',
    nul => 'Null characters are not allowed.',
    email => 'Enter a valid email address.',
    username => 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
    taken => 'A user with that username already exists.',
    max150 => 'Ensure this field has no more than 150 characters.',
    max254 => 'Ensure this field has no more than 254 characters.',
    max1024 => 'Ensure this field has no more than 1024 characters.',
    like_username => 'The password is too similar to the username.',
    like_first_name => 'The password is too similar to the first name.',
    like_last_name => 'The password is too similar to the last name.',
    like_email => 'The password is too similar to the email address.',
    short => 'This password is too short. It must contain at least 8 characters.',
    common => 'This password is too common.',
    numeric => 'This password is entirely numeric.',
    wrong => 'Wrong password.',
    login => 'Unable to log in with provided credentials.',
    no_token => 'Authentication credentials were not provided.',
    bad_token => 'Invalid token.',
    gone_user => 'User inactive or deleted.',
    not_found => 'Not found.',
    busy => 'Service temporarily unavailable, try again later.',
    no_data => 'No data provided',
);

my $PATIENCE = 60;      # seconds; more than any honest answer takes on a loaded machine
my @broken;             # answers that broke a rule for all answers

# ---- sending and reading -------------------------------------------------------------------------------------------

our $PORT;      # that of a suite's own server, for all that does not name one

sub connection {
    my ($port) = (@_, defined $PORT ? $PORT : UmTest::port());
    my $socket = IO::Socket::INET->new(PeerAddr => UmTest::host(), PeerPort => $port, Timeout => 10)
        or die 'cannot connect to ' . UmTest::host() . ":$port: $!\n";
    $socket->autoflush(1);
    return $socket;
}

# The bytes of one request. json, form and body carry the bytes of the body; type => undef sends no Content-Type.
sub request_text {
    my ($method, $path, %with) = @_;
    my ($body, $type) = exists $with{json} ? ($with{json}, 'application/json')
        : exists $with{form} ? ($with{form}, 'application/x-www-form-urlencoded') : ($with{body}, undef);
    $type = $with{type} if exists $with{type};
    my @lines = ("$method $path HTTP/1.1", 'Host: localhost');
    push @lines, "Authorization: Bearer $with{token}" if defined $with{token};
    push @lines, "Content-Type: $type" if defined $type;
    push @lines, @{ $with{headers} || [] };
    my $chunks = $with{chunks};
    push @lines, 'Transfer-Encoding: chunked' if $chunks;
    push @lines, 'Content-Length: ' . length $body if defined $body && !$with{no_length};
    push @lines, 'Connection: close' unless $with{keep};
    my $text = join("\r\n", @lines) . "\r\n\r\n";
    return $text . join('', map { sprintf("%x\r\n%s\r\n", length, $_) } @$chunks) . "0\r\n\r\n" if $chunks;
    return $text . (defined $body ? $body : '');
}

# Sends bytes and returns all bytes that come back until the server closes or falls silent for quiet seconds.
sub exchange {
    my ($bytes, %with) = @_;
    my $socket = $with{socket} || connection();
    my $select = IO::Select->new($socket);
    my $got = '';
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {     # reading meanwhile: a server may answer early and stop taking the body
        my ($readable, $writable) = IO::Select->select($select, $select, undef, $PATIENCE);
        last unless $readable;
        if (@$readable) {
            my $count = sysread($socket, $got, 65536, length $got);
            return $got unless $count;
        }
        if (@$writable) {
            my $count = syswrite($socket, $bytes, 65536);
            last unless defined $count;
            substr($bytes, 0, $count) = '';
        }
    }
    shutdown($socket, 1) if $with{half_close};
    my $enough = $with{answers} || 0;
    while (!$enough || @{ answers($got, $with{methods}) } < $enough) {
        last unless $select->can_read($with{quiet} || $PATIENCE);
        last unless sysread($socket, $got, 65536, length $got);
    }
    return $got;
}

# All complete answers in the bytes; methods says which requests they belong to (HEAD has no body). 1xx are left out.
sub answers {
    my ($bytes, $methods) = @_;
    my @methods = @{ $methods || [] };
    my @found;
    while ($bytes =~ s/\A(HTTP\/1\.[01] (\d{3})([^\r\n]*)\r\n((?:[^\r\n]+\r\n)*)\r\n)//) {
        my ($status, $reason, $lines) = ($2, $3, $4);
        my %head;
        for my $line (split /\r\n/, $lines) {
            my ($name, $value) = $line =~ /\A([^:]+):[ \t]*(.*?)[ \t]*\z/ or next;
            push @{ $head{lc $name} }, $value;
        }
        next if $status =~ /\A1/;
        my $method = @methods ? shift @methods : 'GET';
        my $body = '';
        if ($method ne 'HEAD' && $status != 204 && $status != 304) {
            if (lc(($head{'transfer-encoding'} || [''])->[0]) eq 'chunked') {
                my $whole = 0;
                while ($bytes =~ s/\A([0-9a-fA-F]+)[^\r\n]*\r\n//) {
                    my $size = hex $1;
                    return \@found if length $bytes < $size + 2;
                    $body .= substr($bytes, 0, $size);
                    substr($bytes, 0, $size + 2) = '';
                    $whole = 1, last unless $size;
                }
                return \@found unless $whole;
            }
            elsif (my $length = $head{'content-length'}) {
                return \@found if length $bytes < $length->[0];
                $body = substr($bytes, 0, $length->[0]);
                substr($bytes, 0, $length->[0]) = '';
            }
            else {
                ($body, $bytes) = ($bytes, '');
            }
        }
        push @found, { status => $status, reason => $reason, head => \%head, body => $body, method => $method };
    }
    return \@found;
}

# One request on a connection of its own, and its answer.
sub call {
    my ($method, $path, %with) = @_;
    my $socket = connection(defined $with{port} ? $with{port} : ());
    my $bytes = exchange(request_text($method, $path, %with), socket => $socket, methods => [$method], answers => 1);
    my $answer = answers($bytes, [$method])->[0]
        || { status => 0, head => {}, body => '', method => $method, bytes => $bytes };
    hold_to_rules("$method " . substr($path, 0, 80), $answer) unless $with{any};
    record($method, $path, $answer) if !$with{any} || ($with{any} ne 'other' && is_of_api($path, $answer));
    return $answer;
}

# Whether it is an answer of an endpoint (any => 'other': another program may have given it), although not all rules for all answers hold for it. Elsewhere no answer is JSON.
sub is_of_api {
    my ($path, $answer) = @_;
    return $path =~ m{\A/(?:api(?:/|-token-|-forward-auth)|\.well-known/jwks\.json)}
        && ($answer->{head}{'content-type'} || [''])->[0] =~ m{\Aapplication/(?:problem\+json|json|jwk-set\+json|yaml)\z};
}

# Every answer that differs from those before it: t/end.t holds them against docs/openapi.yaml.
my ($records, $recorder, %recorded);

sub record {
    my ($method, $path, $answer) = @_;
    my $head = $answer->{head};
    return unless $answer->{status};
    if (!$records || $recorder != $$) {     # a child of a suite has a file of its own
        my $folder = UmTest::scratch() . '/answers';
        mkdir $folder;
        ($recorder, %recorded) = ($$);
        open $records, '>>', "$folder/" . UmTest::sequence() . "-$$.jsonl" or die "$folder: $!\n";
        $records->autoflush(1);
    }
    my $line = JSON::PP->new->canonical->ascii->encode({ suite => $0, method => $method, path => $path,
        status => 0 + $answer->{status}, type => ($head->{'content-type'} || [''])->[0], body => text_of($answer) });
    print {$records} "$line\n" unless $recorded{$line}++;
    return;
}

sub text_of {
    my ($answer) = @_;
    utf8::decode(my $text = $answer->{body});
    return $text;
}

sub hold_to_rules {
    my ($what, $answer) = @_;
    my $head = $answer->{head};
    my $only = sub { @{ $head->{$_[0]} || [] } == 1 ? $head->{$_[0]}[0] : '' };
    my @wrong;
    push @wrong, 'no answer' unless $answer->{status};
    push @wrong, "status $answer->{status}" if $answer->{status} >= 500 && $answer->{status} != 503;
    push @wrong, 'X-Content-Type-Options' unless $only->('x-content-type-options') eq 'nosniff';
    push @wrong, 'Cache-Control' unless $only->('cache-control') eq 'no-store';
    push @wrong, 'Referrer-Policy' unless $only->('referrer-policy') eq 'same-origin';
    push @wrong, 'Vary' unless grep { /(?:\A|,)\s*accept\s*(?:,|\z)/i } @{ $head->{vary} || [] };
    push @wrong, 'WWW-Authenticate'
        if $answer->{status} == 401 && $only->('www-authenticate') !~ /\ABearer realm="[^"]*"/;
    push @wrong, 'a challenge without a 401' if $answer->{status} != 401 && $head->{'www-authenticate'};
    push @wrong, 'Retry-After' if $answer->{status} == 503 && $only->('retry-after') !~ /\A[1-9][0-9]*\z/;
    push @wrong, 'Access-Control' if $what !~ m{ /(?:\.well-known/|api/openapi)} && grep { /\Aaccess-control-/ } keys %$head;
    push @wrong, 'Allow' if $answer->{status} == 405 && !length $only->('allow');
    if (length $answer->{body}) {
        push @wrong, 'Content-Type' unless $only->('content-type') =~ m{\Aapplication/(?:problem\+)?json\z};
        push @wrong, 'not JSON' unless ref json_of($answer);
        push @wrong, 'not UTF-8' unless utf8::decode(my $text = $answer->{body});
    }
    push @broken, "$what -> $answer->{status}: " . join(', ', @wrong) if @wrong;
    return;
}

sub api_done {
    is(join("\n", @broken), '', 'every answer kept the rules for all answers');
    cases_done();
    return;
}

# ---- what is expected ----------------------------------------------------------------------------------------------

# Status and body in one line, byte for byte; a reason to fail shows both.
sub answer_is {
    my ($answer, $status, $body, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $got = "$answer->{status} $answer->{body}";
    return ref $body ? like($got, qr/\A$status $body\z/, $name) : is($got, "$status $body", $name);
}

sub json_text {
    my ($text) = @_;
    $text =~ s/(["\\])/\\$1/g;
    return qq("$text");
}

sub detail {
    my ($text) = @_;
    return '{"detail":' . json_text(exists $SAY{$text} ? $SAY{$text} : $text) . '}';
}

# faults(username => 'required', password => ['short', 'numeric']) is the body that names these faults, in this order.
sub faults {
    my @fields = @_;
    my @parts;
    while (my ($field, $says) = splice @fields, 0, 2) {
        my @texts = map { json_text(exists $SAY{$_} ? $SAY{$_} : $_) } ref $says ? @$says : $says;
        push @parts, "\"$field\":[" . join(',', @texts) . ']';
    }
    return '{' . join(',', @parts) . '}';
}

# The body read as JSON, undef when it is none. Text comes back as the bytes that were sent, ready to be sent again.
sub json_of {
    my ($answer) = @_;
    return scalar eval { JSON::PP->new->allow_nonref->decode($answer->{body}) };
}

# ---- accounts ------------------------------------------------------------------------------------------------------

my $count = 0;

# A number in letters that no password of the suites has: no name made of it is similar to one.
sub in_letters {
    my ($number) = @_;
    my $text = '';
    do {
        $text .= substr('jkqvwz', $number % 6, 1);
        $number = int($number / 6);
    } while $number;
    return $text;
}

# A name nobody has yet.
sub new_name {
    my ($stem) = @_;
    return (defined $stem ? $stem : 'qz') . join '.', '', map { in_letters($_) } $$, time, ++$count;
}

sub good_password {
    return 'Blue-Tree!71x';
}

# Registers (members as Perl values over a fresh name and a good password) and returns the account with id, token and
# password; dies when it does not come to be, because nothing after that could be believed.
sub register {
    my %member = (username => new_name(), password => good_password(), @_);
    my $answer = call(POST => $USERS, json => object_text(\%member));
    die "registration failed: $answer->{status} $answer->{body}\n" unless $answer->{status} == 201;
    my $made = json_of($answer);
    return { %$made, token => $made->{auth_token}, password => $member{password}, path => "$USERS$made->{id}/" };
}

sub object_text {
    my ($member) = @_;
    return '{' . join(',', map { json_text($_) . ':' . json_text($member->{$_}) } sort keys %$member) . '}';
}

# The token for name and password, undef when they are refused.
sub login {
    my ($username, $password) = @_;
    my $answer = call(POST => $TOKEN, json => object_text({ username => $username, password => $password }));
    return $answer->{status} == 200 ? json_of($answer)->{token} : undef;
}

# The body that GET answers for this account as it was registered.
sub profile_of {
    my ($account, %changed) = @_;
    my %now = (%$account, %changed);
    return '{' . join(',', map { "\"$_\":" . json_text($now{$_}) } qw(id username first_name last_name email)) . '}';
}

# Sends all requests at the same instant, each by a process of its own; returns the answers in the same order.
sub race {
    my @requests = @_;
    pipe(my $gate_out, my $gate_in) or die "pipe: $!\n";
    my @readers;
    for my $request (@requests) {
        pipe(my $out, my $in) or die "pipe: $!\n";
        my $child = fork;
        die "fork: $!\n" unless defined $child;
        if (!$child) {
            close $gate_in;
            my $socket = connection();
            syswrite($in, 'r');
            sysread($gate_out, my $go, 1);
            my $bytes = exchange($request, socket => $socket, answers => 1);
            syswrite($in, $bytes);
            close $in;
            require POSIX;
            POSIX::_exit(0);    # no END blocks: they belong to the test, not to a racer
        }
        close $in;
        push @readers, [$child, $out];
    }
    sysread($_->[1], my $ready, 1) for @readers;
    close $gate_in;
    my @answers;
    for (@readers) {
        my ($child, $out) = @$_;
        my $bytes = do { local $/; <$out> };
        waitpid($child, 0);
        push @answers, answers($bytes)->[0] || { status => 0, head => {}, body => '' };
    }
    return @answers;
}

1;
