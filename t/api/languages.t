#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# UserMgmtTranslateErrors: messages of the API in the language of Accept-Language; English and the rest stay as they are.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(decode_utf8);
use Test::More;
use UmApi;
use UmServer;

my $CATALOGUES = UmTest::sources() . '/conf/pages';
my $off_port = free_port();
my $server = UmServer->start(new_database(), <<"END", children => 1);
UserMgmtTranslateErrors On
UserMgmtPagesTemplates "$CATALOGUES"
Listen 127.0.0.1:$off_port
<VirtualHost 127.0.0.1:$off_port>
    UserMgmt On
    UserMgmtTranslateErrors Off
</VirtualHost>
END
$UmApi::PORT = $server->{port};

# The message of a catalogue, as bytes.
sub text {
    my ($language, $key, $value) = @_;
    my ($text) = UmTest::slurp("$CATALOGUES/messages.$language.txt") =~ /^\Qerror.$key\E = (.*)$/m or die "no $key\n";
    $text =~ s/\{value\}/$value/;
    return $text;
}

sub in_language {
    my ($language, $method, $path, %with) = @_;
    return call($method => $path, %with, headers => [defined $language ? "Accept-Language: $language" : (),
        @{ $with{headers} || [] }]);
}

sub language_is {
    my ($answer, $wanted, $name) = @_;
    is(join(' | ', join(',', @{ $answer->{head}{'content-language'} || ['-'] }), join ',', @{ $answer->{head}{vary} }),
        "$wanted | Accept,Accept-Language", $name);
    return;
}

my $PATH = "${USERS}me/";
for my $language (qw(de fr es)) {
    my $answer = in_language($language, GET => $PATH);
    answer_is($answer, 401, '{"detail":' . json_text(text($language, 'not_authenticated')) . '}', "$language: a detail");
    language_is($answer, $language, "$language is named");
    $answer = in_language($language, POST => $USERS, json => '{"username":"a b","password":"x1"}');
    answer_is($answer, 400, faults(username => text($language, 'username_invalid'),
        password => text($language, 'password_too_short', 8)), "$language: errors of fields, with a value");
    $answer = in_language($language, POST => $USERS, json => '{}', headers => ['Accept: application/problem+json']);
    my $problem = json_of($answer);
    is($problem->{detail}, text($language, 'invalid_input'), "$language: the detail of a problem");
    is("$problem->{code} $problem->{errors}[0]{code} $problem->{title}", 'invalid required Bad Request',
        "$language: codes and title stay");
    is($problem->{errors}[0]{detail}, text($language, 'required'), "$language: a field of a problem");
}
my $similar = in_language('de', POST => $USERS, json => '{"username":"Birkenwald77","password":"birkenwald77"}');
like(decode_utf8($similar->{body}), qr/"password":\["[^"]*Benutzername/, 'the field in a message is translated as well');
is(in_language('de', GET => '/api/v1/nothing/')->{body}, '{"detail":' . json_text(text('de', 'not_found')) . '}',
    'a path that is not there');
is(in_language('de', PATCH => $TOKEN)->{body}, '{"detail":' . json_text(text('de', 'method_not_allowed', 'PATCH')) . '}',
    'a method that is not there');

# English, byte for byte.
for my $header (undef, 'en', 'en-GB,de;q=0.9', 'zz', '*', ',;q=', 'de;q=0') {
    my $name = defined $header ? $header : 'no header';
    my $answer = in_language($header, GET => $PATH);
    answer_is($answer, 401, detail('no_token'), "$name: English");
    language_is($answer, 'en', "$name: English is named");
}
is(in_language('fr;q=0.4, de-AT;q=0.8, zz', GET => $PATH)->{head}{'content-language'}[0], 'de',
    'the best language that is there counts');

# What has no message.
my $made = in_language('de', POST => $USERS, json => '{"username":"' . new_name() . '","password":"' . good_password() . '"}');
is($made->{status}, 201, 'a registration');
language_is($made, '-', 'an answer without a message has no language, and varies all the same');

# Off.
my $off = call(GET => $PATH, port => $off_port, headers => ['Accept-Language: de']);
answer_is($off, 401, detail('no_token'), 'without UserMgmtTranslateErrors it is English');
is(join('', @{ $off->{head}{'content-language'} || [] }, @{ $off->{head}{vary} }), 'Accept', 'and nothing else is said');
is(call(GET => '/account/sign-in/', any => 1)->{status}, 404, 'there are no pages');

is($server->crashes, '', 'no process of the server crashed');
api_done();
