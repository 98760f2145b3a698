# SPDX-License-Identifier: Apache-2.0
package UmMail;
# Mails as their readers see them: the .eml files that the file transport, or a mail server of the tests, has left.
#
#   settle();                               everything that was asked for has been worked off
#   my @mails = mails_to('bob@example.org');     oldest first
#   $mails[0]{subject}, {text}, {html}, {token}, {id}, ...     what mailread.py prints; {wrong}: list of broken rules
#
# Texts are bytes (UTF-8), as everywhere in the suites.
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use Test::More;
use UmApi;
use UmTest ();

our @EXPORT = qw(settle waiting mails_in mails_to only_mail_to new_address site_port ask_reset validate confirm tokens_seen
    endpoint_rules $RESET $VALIDATE $CONFIRM $VERIFY $VERIFIED $FINE);

our $RESET = '/api/password_reset/';
our $VALIDATE = "${RESET}validate_token/";
our $CONFIRM = "${RESET}confirm/";
our $VERIFY = '/api/email_verification/';
our $VERIFIED = "${VERIFY}confirm/";
our $FINE = '{"status":"OK"}';

my $PATIENCE = 30;      # seconds; more than any mail takes on a loaded machine

my (%read, %tokens);

# ---- the outbox ----------------------------------------------------------------------------------------------------

# How many mails, and requests for some, wait; not those that were put off for an hour.
sub waiting {
    my ($sql) = @_;
    return $sql->('select (select count(*) from um_requests) + (select count(*) from um_mail where state = 0'
        . ' and (claim is not null or due_at < ' . (int(time) + 1800) . '))');
}

# Waits until no mail waits: then what has not come will not come. sql: of a database other than the server's own.
sub settle {
    my (%with) = @_;
    my $sql = $with{sql} || \&UmTest::sql;
    my $left;
    UmTest::await($with{seconds} || $PATIENCE, sub { !($left = waiting($sql)) });
    diag("$left mails still wait") if $left;
    return !$left;
}

# ---- reading -------------------------------------------------------------------------------------------------------

sub folder { return UmTest::folder() . '/mail' }

sub unescape {
    my ($text) = @_;
    my %stands_for = (n => "\n", r => "\r", '\\' => '\\');
    return $text =~ s/\\([nr\\])/$stands_for{$1}/gr;
}

sub read_files {
    my (@files) = @_;
    while (my @some = splice @files, 0, 200) {
        my ($status, $output) = UmTest::run('/usr/bin/python3', UmTest::sources() . '/t/lib/mailread.py', @some);
        die "mailread.py: $output\n" if $status;
        my @told = split /\n\n/, $output;
        @told == @some or die "mailread.py has read " . @told . ' of ' . @some . " mails\n";
        for my $file (@some) {
            my %mail = (file => $file, wrong => []);
            for my $line (split /\n/, shift @told) {
                my ($name, $value) = $line =~ /\A([^:]+): (.*)\z/ or next;
                $name eq 'wrong' ? push @{ $mail{wrong} }, unescape($value) : ($mail{$name} = unescape($value));
            }
            ($mail{token}) = ($mail{text} || '') =~ /^Token: (\S+)$/m;
            $tokens{ $mail{token} } = 1 if defined $mail{token};
            $read{$file} = \%mail;
        }
    }
    return;
}

# All mails of a folder; to: only those to this address, in the spelling of the mail itself.
sub mails_in {
    my ($folder, $to) = @_;
    my @files = sort glob "$folder/*.eml";
    if (defined $to) {
        # Only these are read as mails: there are many others.
        @files = grep { (UmTest::slurp($_) =~ /\A(.*?)\r\n\r\n/s)[0] =~ /^To:\s+<\Q$to\E>\r?$/m } @files;
    }
    read_files(grep { !$read{$_} } @files);
    return map { $read{$_} } @files;
}

sub mails_to {
    my ($to) = @_;
    return mails_in(folder(), $to);
}

# Once all is worked off, the one mail to this address; a failed test and an empty mail when there is not exactly one.
sub only_mail_to {
    my ($to, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    settle();
    my @mails = mails_to($to);
    is(scalar @mails, 1, $name || 'one mail');
    return @mails == 1 ? $mails[0] : { text => '', html => '', subject => '', token => '', id => '', wrong => [] };
}

# Every token that has been read in a mail so far.
sub tokens_seen { return sort keys %tokens }

# ---- asking --------------------------------------------------------------------------------------------------------

# An address nobody has yet.
sub new_address {
    my ($domain) = @_;
    return new_name() . '@' . ($domain || 'example.org');
}

# The port of one of the virtual hosts of conf/extra.conf.in: site_port('verify').
sub site_port {
    my ($name) = @_;
    return UmTest::server_value("um_${name}_port") || die "there is no host um_$name\n";
}

sub ask_reset {
    my ($address, @with) = @_;
    return call(POST => $RESET, json => '{"email":' . json_text($address) . '}', @with);
}

sub validate {
    my ($token, @with) = @_;
    return call(POST => $VALIDATE, json => '{"token":' . json_text($token) . '}', @with);
}

sub confirm {
    my ($token, $password, @with) = @_;
    return call(POST => $CONFIRM, json => '{"token":' . json_text($token) . ',"password":' . json_text($password) . '}',
        @with);
}

# ---- what holds for each endpoint of this kind -----------------------------------------------------------------------

# Methods, types and forms of bodies, the order of the checks. members: name => kind ('email' or 'string'), in the order
# in which faults are told; good: values of them that are well-formed, as a body of which the answer is told too.
sub endpoint_rules {
    my ($path, $members, $good, $answer, @with) = @_;
    my @names = map { $members->[2 * $_] } 0 .. $#$members / 2;
    my %kind = @$members;
    my @missing = map { $_ => 'required' } @names;
    my @answer = @$answer;

    for my $method (qw(GET HEAD PUT PATCH DELETE FOO PROPFIND post)) {
        my $refused = call($method => $path, @with);
        answer_is($refused, 405, $method eq 'HEAD' ? '' : detail("Method \"$method\" not allowed."), "$path: $method");
        is_deeply($refused->{head}{allow}, ['POST, OPTIONS'], "$path: $method: Allow");
    }
    for my $headers ([], ['Authorization: Bearer stale'], ['Origin: https://front.test.example']) {
        my $options = call(OPTIONS => $path, @with, headers => $headers);
        my $said = json_of($options) || {};
        is($options->{status}, 200, "$path: OPTIONS");
        is_deeply($options->{head}{allow}, ['POST, OPTIONS'], "$path: OPTIONS: Allow");
        my $about = $said->{actions}{POST} || {};
        my @told =
            map { "$_ " . ($about->{$_}{type} || '') . ($about->{$_}{required} ? ' 1' : ' 0') } sort keys %$about;
        is_deeply(\@told, [map { "$_ $kind{$_} 1" } sort @names], "$path: OPTIONS tells of its members");
    }

    my @refused = (
        [406, detail('Could not satisfy the request Accept header.'), 'another type wanted', json => $good,
            headers => ['Accept: application/xml']],
        [406, detail('Could not satisfy the request Accept header.'), 'which is asked for before the type of the body',
            body => 'x', type => 'text/plain', headers => ['Accept: image/png']],
        [415, detail('Unsupported media type "text/plain" in request.'), 'plain text', body => $good,
            type => 'text/plain'],
        [415, detail('Unsupported media type "" in request.'), 'no type', body => $good],
        [415, detail('Unsupported content encoding "gzip" in request.'), 'packed', json => $good,
            headers => ['Content-Encoding: gzip']],
        [413, detail('Request body too large.'), 'too much', json => $good . ' ' x 70_000],
        [413, detail('Request body too large.'), 'too much, in chunks', type => 'application/json',
            chunks => [$good, (' ' x 10_000) x 7]],
        [400, qr/\{"detail":"JSON parse error - [^"]+"\}/, 'no JSON', json => substr($good, 0, -1)],
        [400, qr/\{"detail":"JSON parse error - [^"]+"\}/, 'equal names',
            json => substr($good, 0, -1) . ",\"$names[0]\":\"x\"}"],
        [400, faults(non_field_errors => 'no_data'), 'null', json => 'null'],
        [400, faults(non_field_errors => 'Invalid data. Expected a dictionary, but got list.'), 'a list',
            json => "[$good]"],
        [400, faults(@missing), 'an empty object', json => '{}'], [400, faults(@missing), 'no body'],
        [400, faults(@missing), 'an empty form', form => ''],
        [400, faults(map { $_ => 'null' } @names), 'nulls', json => object(map { $_ => 'null' } @names)],
        [400, faults(map { $_ => 'blank' } @names), 'blanks', json => object(map { $_ => '""' } @names)],
        (map {
            my $value = $_;
            [400, faults(map { $_ => $kind{$_} eq 'email' ? 'email' : 'string' } @names), "$value is no text",
                json => object(map { $_ => $value } @names)]
        } 12345678, 'true', '["x"]', '{"x":"y"}'),
        [400, faults(map { $_ => $kind{$_} eq 'email' ? ['nul', 'email'] : 'nul' } @names), 'zero characters',
            json => object(map { $_ => '"a\u0000b@c.de"' } @names)],
        [400, faults(map { my $half = 'Surrogate characters are not allowed: U+D800.';
                $_ => $kind{$_} eq 'email' ? [$half, 'email'] : $half } @names),
            'half characters', json => object(map { $_ => '"a\ud800b@c.de"' } @names)],
        [400, qr/\{"detail":"[^"]+"\}/, 'a form that is no UTF-8', form => "$names[0]=%ff"],
        [400, qr/\{"detail":"[^"]+"\}/, 'a multipart form without boundary', body => 'x',
            type => 'multipart/form-data'],
    );
    answer_is(call(POST => $path, @with, @$_[3 .. $#$_]), $_->[0], $_->[1], "$path: $_->[2]") for @refused;

    my $values = JSON::PP->new->decode($good);
    my $form = join '&', map { "$_=" . $values->{$_} =~ s/([^\w.-])/sprintf '%%%02X', ord $1/ger } @names;
    my $parts = '';
    $parts .= "--zz\r\nContent-Disposition: form-data; name=\"$_\"\r\n\r\n$values->{$_}\r\n" for @names;
    $parts .= "--zz--\r\n";
    my @same = (
        ['JSON', json => $good], ['with more members', json => substr($good, 0, -1) . ',"user":"root","x":[1]}'],
        ['a form', form => $form], ['a multipart form', body => $parts, type => 'multipart/form-data; boundary=zz'],
        ['in chunks', chunks => [split //, $good], type => 'application/json'],
        (map { ["with Authorization: $_", json => $good, headers => ["Authorization: $_"]] } 'Bearer stale.stale.stale',
            'Bearer', 'Bearer a b', "Bearer \xff", 'Basic Og=='),
        ['for a browser', json => $good, headers => ['Accept: text/html']],
    );
    answer_is(call(POST => $path, @with, @$_[1 .. $#$_]), @answer, "$path: $_->[0]") for @same;
    (my $bare = $path) =~ s{/\z}{};
    answer_is(call(POST => $bare, @with, json => $good), @answer, "$bare: no slash");
    answer_is(call(POST => $bare, @with), 400, faults(@missing), "$bare: no slash and nothing sent");
    is(call(OPTIONS => $bare, @with)->{status}, 200, "$bare: OPTIONS");
    answer_is(call(GET => $bare, @with), 405, detail('Method "GET" not allowed.'), "$bare: GET");
    answer_is(call($_ => "${path}x/", @with, json => $good), 404, detail('not_found'), "${path}x/: $_")
        for qw(POST GET OPTIONS);
    answer_is(call(POST => "$path?" . $form, @with, json => '{}'), 400, faults(@missing),
        "$path: the query is not read");

    my @ask = (headers => ['Accept: application/problem+json']);
    my $problem = call(POST => $path, @with, json => '{}', @ask);
    my $said = json_of($problem) || {};
    is_deeply([$problem->{status}, $problem->{head}{'content-type'}, $said->{status}, $said->{code},
        map { "$_->{field} $_->{code}" } @{ $said->{errors} || [] }],
        [400, ['application/problem+json'], 400, 'invalid', map { "$_ required" } @names], "$path: as problem details");
    $problem = call(POST => $path, @with, json => $good, @ask);
    is_deeply($problem->{head}{'content-type'},
        [$problem->{status} == 200 ? 'application/json' : 'application/problem+json'], "$path: only for errors");
    return;
}

sub object {
    my @pairs = @_;
    return '{' . join(',', map { "\"$pairs[2 * $_]\":$pairs[2 * $_ + 1]" } 0 .. $#pairs / 2) . '}';
}

1;
