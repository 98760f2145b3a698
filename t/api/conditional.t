#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Conditional requests: the ETag of an account, and that of two changes on one condition exactly one is done.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use HTTP::Date qw(time2str);
use Test::More;
use UmApi;

my $me = register(first_name => 'Ann', email => 'ann@example.org');
my $path = $me->{path};
my $FAILED = detail('Precondition failed.');
my $IMF = sub { time2str($_[0]) };

sub mine { return call(shift, $path, token => $me->{token}, @_) }

sub tag_of {
    my ($answer) = @_;
    my @tags = @{ $answer->{head}{etag} || [] };
    return @tags == 1 && $tags[0] =~ /\A"[\w-]{22}"\z/ ? $tags[0] : "no strong ETag: @tags";
}

sub tag { return tag_of(mine('GET')) }

# ---- the tag -----------------------------------------------------------------------------------------------------------

my $tag = tag();
like($tag, qr/\A"/, 'GET has a strong ETag');
is(tag_of(mine('HEAD')), $tag, 'HEAD the same');
is(tag(), $tag, 'the tag is the same while nothing changes');
is(tag_of(mine(PATCH => json => '{}')), $tag, 'PATCH has it too');
isnt(tag_of(call(GET => $_->{path}, token => $_->{token})), $tag, 'another account has another tag') for register();
my %seen = ($tag => 1);
for my $change ('{"first_name":"Bea"}', '{"last_name":"B"}', '{"first_name":"Be","last_name":"aB"}',
    '{"email":"bea@example.org"}', '{"email":""}') {
    my $method = keys(%seen) % 2 ? 'PATCH' : 'PUT';
    my $answer = mine($method => json => $change);
    ok(!$seen{ tag_of($answer) }++, "$method $change: another one");
    is(tag_of($answer), tag(), 'GET answers the tag of the answer to the change');
}
mine(PATCH => json => '{"first_name":"Ann","last_name":"","email":"ann@example.org"}');
is(tag(), $tag, 'the tag is that of what is shown');

# ---- reading -----------------------------------------------------------------------------------------------------------

for my $row ([304, $tag], [304, "W/$tag"], [304, '*'], [304, qq("x", $tag)], [304, ($tag =~ s/"\z//r) . '-gzip"'],
    [200, '"x"'], [200, ''], [200, $tag =~ tr/"//dr], [200, ($tag =~ s/"\z//r) . 'x"'], [200, substr $tag, 0, -1]) {
    my ($want, $list) = @$row;
    my $answer = mine(GET => headers => ["If-None-Match: $list"]);
    is("$answer->{status} " . tag_of($answer), "$want $tag", "GET, If-None-Match: $list");
    is($answer->{body}, $want == 304 ? '' : profile_of($me), 'the body is that of the tag');
}
is(mine(HEAD => headers => ["If-None-Match: $tag"])->{status}, 304,
    'HEAD with the same tag in If-None-Match is answered 304');
is(mine(GET => headers => ["If-Match: $tag"])->{status}, 200, 'GET with the same tag in If-Match is answered 200');
answer_is(mine(GET => headers => ['If-Match: "x"']), 412, $FAILED, 'GET, If-Match of another');
is(call(GET => $path, headers => ["If-None-Match: $tag"])->{status}, 401, 'without a token a tag is answered 401');

# ---- changing ----------------------------------------------------------------------------------------------------------

for my $row ([200, "If-Match: $tag"], [200, 'If-Match: *'], [200, qq(If-Match: "x",$tag)],
    [200, 'If-Match: ' . ($tag =~ s/"\z//r) . '-gzip"'], [412, 'If-Match: "x"'], [412, "If-Match: W/$tag"],
    [412, 'If-Match:'], [412, "If-None-Match: $tag"], [412, 'If-None-Match: *'], [200, 'If-None-Match: "x"'],
    [200, 'If-Unmodified-Since: ' . $IMF->(time + 100)], [412, 'If-Unmodified-Since: ' . $IMF->(time - 1000)],
    [200, 'If-Unmodified-Since: yesterday'], [200, "If-Match: $tag", 'If-Unmodified-Since: ' . $IMF->(0)]) {
    my ($want, @headers) = @$row;
    for my $method (qw(PATCH PUT)) {
        my $answer = mine($method => json => '{"last_name":"New"}', headers => \@headers);
        answer_is($answer, $want, $want == 200 ? profile_of($me, last_name => 'New') : $FAILED,
            "$method with @headers is answered $want");
        is(mine('GET')->{body}, profile_of($me, $want == 200 ? (last_name => 'New') : ()),
            'the account is changed by a 200 alone');
        is(tag_of(mine(PATCH => json => '{"last_name":""}')), $tag,
            'an account that is changed back has its tag again');
    }
}
answer_is(mine(PATCH => json => '{"first_name":1}', headers => ['If-Match: "x"']), 400, faults(first_name => 'string'),
    'a faulty body comes first');
answer_is(mine(PATCH => json => '{"email":"eve@example.org"}', headers => ["If-Match: $tag"]), 200,
    profile_of($me, email => 'eve@example.org'), 'an address too');
answer_is(mine(PATCH => json => '{"email":"ann@example.org"}', headers => ["If-Match: $tag"]), 412, $FAILED,
    'a change with an old tag is refused');
answer_is(mine(POST => json => '{"old_password":"x","new_password":"Green-Tree!71x"}', headers => ['If-Match: "x"']), 412,
    $FAILED, 'a new password');
answer_is(mine(DELETE => headers => [$_]), 412, $FAILED, "DELETE with $_ is refused") for 'If-Match: "x"',
    "If-Match: $tag",
    'If-Unmodified-Since: ' . $IMF->(time - 1000);
is(mine('GET')->{status}, 200, 'a refused DELETE deletes nothing');

# ---- many at once --------------------------------------------------------------------------------------------------------

for my $round (1 .. 5) {
    my $now = tag();
    my @answers = race(map { request_text(PATCH => $path, token => $me->{token}, headers => ["If-Match: $now"],
        json => qq({"first_name":"Round $round","last_name":"Racer $_"})) } 1 .. 8);
    is(join(' ', sort map { $_->{status} } @answers), '200' . ' 412' x 7,
        'of eight changes with the same tag one is done');
    my ($won) = grep { $_->{status} == 200 } @answers;
    is(mine('GET')->{body}, $won ? $won->{body} : 'no winner',
        'the account is as the change that was done has made it');
}
{
    my $now = tag();
    my @answers = race((map { request_text(DELETE => $path, token => $me->{token}, headers => ["If-Match: $now"]) } 1, 2),
        map { request_text(PATCH => $path, token => $me->{token}, headers => ["If-Match: $now"],
            json => qq({"email":"racer$_\@example.org"})) } 1 .. 4);
    is(scalar(grep { $_->{status} =~ /\A20/ } @answers), 1,
        'a deletion and changes of the address: one of them is done');
    is(join(' ', grep { !/\A(?:20[04]|412|40[14])\z/ } map { $_->{status} } @answers), '', 'the others are told so');
}
{
    my $gone = register();
    my $answer = call(GET => $gone->{path}, token => $gone->{token});
    is(call(DELETE => $gone->{path}, token => $gone->{token}, headers => ['If-Match: ' . tag_of($answer)])->{status}, 204,
        'DELETE with the present tag deletes the account');
}

api_done();
