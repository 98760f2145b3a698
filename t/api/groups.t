#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Groups and their members, for staff: /api/v1/groups/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;

my $GROUPS = '/api/v1/groups/';
my $DENIED = detail('You do not have permission to perform this action.');

sub staff {
    my $account = register();
    UmTest::sql("update um_users set is_staff = 1 where id = '$account->{id}'");
    return $account;
}

my $count = 0;
sub name { return "g$$-" . time . '-' . ++$count }

sub make {
    my ($boss, $name) = @_;
    my $answer = call(POST => $GROUPS, token => $boss->{token}, json => '{"name":' . json_text($name) . '}');
    die "$answer->{status} $answer->{body}\n" unless $answer->{status} == 201;
    return $answer;
}

sub members {
    my ($boss, $name) = @_;
    return join ' ', sort map { $_->{id} } @{ json_of(call(GET => "$GROUPS$name/members/", token => $boss->{token}))->{results} };
}

case 'all of it is for staff' => sub {
    my ($boss, $me) = (staff(), register());
    my $name = name();
    make($boss, $name);
    my @calls = ([GET => $GROUPS], [POST => $GROUPS, json => '{"name":"x"}'], [GET => "$GROUPS$name/"],
        [PATCH => "$GROUPS$name/", json => '{"name":"x"}'], [DELETE => "$GROUPS$name/"], [GET => "$GROUPS$name/members/"],
        [PUT => "$GROUPS$name/members/$me->{id}/"], [PUT => "$GROUPS$name/members/me/"],
        [DELETE => "$GROUPS$name/members/$me->{id}/"], [GET => "${GROUPS}no-such-group/"]);
    for my $row (@calls) {
        my ($method, $path, %with) = @$row;
        answer_is(call($method => $path, %with), 401, detail('no_token'), "$method without a token");
        answer_is(call($method => $path, %with, token => $me->{token}), 403, $DENIED, "$method by another account");
    }
    is(call(GET => "$GROUPS$name/", token => $boss->{token})->{status}, 200, 'the group is there');
    is(members($boss, $name), '', 'and empty');
};

case 'a group is made, read, renamed and deleted' => sub {
    my $boss = staff();
    my ($name, $new) = (name(), name());
    my $answer = make($boss, $name);
    like($answer->{body}, qr/\A\{"name":"\Q$name\E","created_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\z/, 'the new group');
    is($answer->{head}{location}[0], "$GROUPS$name/", 'has a path');
    answer_is(call(GET => "$GROUPS$name", token => $boss->{token}), 200, $answer->{body}, 'under which it is found');
    answer_is(call(POST => $GROUPS, token => $boss->{token}, json => "{\"name\":\"$name\"}"), 400,
        faults(name => 'A group with that name already exists.'), 'the name is taken');
    my $who = register();
    call(PUT => "$GROUPS$name/members/$who->{id}/", token => $boss->{token});
    answer_is(call(PATCH => "$GROUPS$name/", token => $boss->{token}, json => "{\"name\":\"$new\"}"), 200,
        $answer->{body} =~ s/\Q$name\E/$new/r, 'it is renamed');
    answer_is(call(GET => "$GROUPS$name/", token => $boss->{token}), 404, detail('not_found'), 'the former name is gone');
    is(members($boss, $new), $who->{id}, 'the members stay');
    is(call(PATCH => "$GROUPS$new/", token => $boss->{token}, json => "{\"name\":\"$new\"}")->{status}, 200,
        'the name that it has');
    make($boss, $name);
    answer_is(call(PATCH => "$GROUPS$new/", token => $boss->{token}, json => "{\"name\":\"$name\"}"), 400,
        faults(name => 'A group with that name already exists.'), 'the name of another group');
    answer_is(call(DELETE => "$GROUPS$new/", token => $boss->{token}), 204, '', 'it is deleted');
    answer_is(call(DELETE => "$GROUPS$new/", token => $boss->{token}), 404, detail('not_found'), 'once');
    is(call(GET => $who->{path}, token => $who->{token})->{status}, 200, 'its members stay');
    is(UmTest::sql("select count(*) from um_events where actor = '$boss->{id}' and kind in ('group_made', 'group_renamed',"
        . " 'group_removed', 'group_added')"), '5', 'each act is an event of who did it');
    is(UmTest::sql("select detail from um_events where actor = '$boss->{id}' and kind = 'group_renamed'"), "$name $new",
        'renaming tells both names');
};

case 'names' => sub {
    my $boss = staff();
    my $unknown = "g\xc3\xbcnther-" . name();
    make($boss, $unknown);
    is(call(GET => $GROUPS . $unknown =~ s/([^\w.-])/sprintf '%%%02X', ord $1/ger . '/', token => $boss->{token})->{status}, 200,
        'a name of other letters');
    # An event tells as much of a long name as it has room for, and never half a character.
    for my $letter ("\xe7\xbe\xa4", "\xf0\xa0\x80\x80") {
        for my $before ('', 'a', 'aa', 'aaa') {
            my ($first, $second) = map { $before . $letter x (40 - length $before) . '-' . substr(name(), -20) } 1, 2;
            make($boss, $first);
            my $path = $GROUPS . $first =~ s/([^\w.-])/sprintf '%%%02X', ord $1/ger . '/';
            is(call(PATCH => $path, token => $boss->{token}, json => "{\"name\":\"$second\"}")->{status}, 200,
                'a long name is changed to another');
        }
    }
    my $details = UmTest::sql("select detail from um_events where actor = '$boss->{id}'");
    ok(utf8::decode($details), 'and what the events tell is UTF-8');
    my $bad = 'Enter a valid name. This value may contain only letters, numbers, and @/./+/-/_ characters, 64 at most.';
    my $name = name();
    make($boss, $name);
    for my $row (['{}', 'required'], ['{"name":null}', 'null'], ['{"name":""}', 'blank'], ['{"name":7}', 'string'],
        ['{"name":"a b"}', $bad], ['{"name":"a,b"}', $bad], ['{"name":"a/b"}', $bad], ['{"name":"."}', $bad],
        ['{"name":".."}', $bad], ['{"name":"\u2025"}', $bad], ['{"name":"' . 'x' x 65 . '"}', $bad],
        ['{"name":"a\u0000"}', 'nul']) {
        answer_is(call(POST => $GROUPS, token => $boss->{token}, json => $row->[0]), 400, faults(name => $row->[1]),
            "POST $row->[0]");
        answer_is(call(PATCH => "$GROUPS$name/", token => $boss->{token}, json => $row->[0]), 400, faults(name => $row->[1]),
            "PATCH $row->[0]");
    }
    answer_is(call(PATCH => "${GROUPS}no-such/", token => $boss->{token}, json => '{"name":"x"}'), 404, detail('not_found'),
        'a group that is not there is not renamed');
    is(call($_ => "$GROUPS$name%20/", token => $boss->{token}, json => '{"name":"x"}')->{status}, 404, "$_ of no name")
        for qw(GET PATCH DELETE);
    is(call(GET => $GROUPS . uc($name) . '/', token => $boss->{token})->{status}, 404, 'case matters');
};

case 'members' => sub {
    my ($boss, $one, $two) = (staff(), register(), register());
    my $name = name();
    make($boss, $name);
    my $at = "$GROUPS$name/members/";
    answer_is(call(PUT => "$at$_->{id}/", token => $boss->{token}), 204, '', 'an account is put in') for $one, $two, $two;
    is(members($boss, $name), join(' ', sort $one->{id}, $two->{id}), 'both are in it');
    is_deeply(json_of(call(GET => $one->{path}, token => $boss->{token}))->{groups}, [$name], 'the account shows it');
    my $page = json_of(call(GET => "$at?page_size=1", token => $boss->{token}));
    is("$page->{count} $page->{count_is}", '2 exact', 'the count');
    like($page->{next}, qr{\Q$at\E\?page_size=1&cursor=}, 'the next page');
    my ($query) = $page->{next} =~ /\?(.*)/;
    my $next = json_of(call(GET => "$at?$query", token => $boss->{token}));
    is(join(' ', sort map { $_->{results}[0]{id} } $page, $next), join(' ', sort $one->{id}, $two->{id}), 'both pages');
    is($next->{next}, undef, 'the last page');
    my $other = name();
    make($boss, $other);
    answer_is(call(GET => "$GROUPS$other/members/?$query", token => $boss->{token}), 404, detail('Invalid cursor'),
        'the cursor of another group');
    answer_is(call(DELETE => "$at$one->{id}/", token => $boss->{token}), 204, '', 'one is taken out');
    answer_is(call(DELETE => "$at$one->{id}/", token => $boss->{token}), 404, detail('not_found'), 'once');
    is(members($boss, $name), $two->{id}, 'the other one stays');
    my $nobody = '01900000-0000-7000-8000-000000000099';
    answer_is(call(PUT => "$at$nobody/", token => $boss->{token}), 404, detail('not_found'), 'an account that is not there');
    answer_is(call(PUT => "${GROUPS}no-such/members/$one->{id}/", token => $boss->{token}), 404, detail('not_found'),
        'a group that is not there');
    answer_is(call(GET => "${GROUPS}no-such/members/", token => $boss->{token}), 404, detail('not_found'), 'has no members');
    answer_is(call(PUT => "${at}me/", token => $boss->{token}), 204, '', 'me is the caller');
    is(call(OPTIONS => $at)->{head}{allow}[0], 'GET, HEAD, OPTIONS', 'Allow of the members');
    is(call(OPTIONS => "$at$one->{id}/")->{head}{allow}[0], 'PUT, DELETE, OPTIONS', 'Allow of one');
};

case 'the list and its pages' => sub {
    my $boss = staff();
    make($boss, name()) for 1 .. 5;
    my $list = sub { return json_of(call(GET => $GROUPS . ($_[0] ? "?$_[0]" : ''), token => $boss->{token})) };
    my @all = map { $_->{name} } @{ $list->('page_size=500')->{results} };
    is($list->()->{count}, scalar @all, 'the count');
    is(scalar @all, UmTest::sql('select count(*) from um_groups'), 'all groups are listed');
    my (@pages, $query);
    for (1 .. 500) {
        push @pages, $list->($query || 'page_size=2');
        ($query) = ($pages[-1]{next} || '') =~ /\?(.*)/ or last;
    }
    is(join(' ', map { $_->{name} } map { @{ $_->{results} } } @pages), "@all", 'the pages together are the list');
    my @back = ($pages[-1]);
    while (($query) = ($back[-1]{previous} || '') =~ /\?(.*)/) {
        push @back, $list->($query);
    }
    is(join(' ', map { $_->{name} } map { @{ $_->{results} } } reverse @back), "@all", 'and so are those of the way back');
    for my $cursor ('x', 'AAAA', '-', 'K2EgYg') {
        answer_is(call(GET => "$GROUPS?cursor=$cursor", token => $boss->{token}), 404, detail('Invalid cursor'), "cursor $cursor");
    }
};

case 'of groups that want one name at the same time, one gets it' => sub {
    my $boss = staff();
    for my $round (1 .. 5) {
        my ($wanted, @names) = (name(), map { name() } 1 .. 4);
        make($boss, $_) for @names;
        my @answers = race((map { request_text(PATCH => "$GROUPS$_/", token => $boss->{token}, json => "{\"name\":\"$wanted\"}") }
            @names), request_text(POST => $GROUPS, token => $boss->{token}, json => "{\"name\":\"$wanted\"}"));
        my @statuses = sort map { $_->{status} } @answers;
        like("@statuses", qr/\A20[01] 400 400 400 400\z/, "round $round: one is done, the others are refused");
        is(scalar(grep { $_->{body} eq faults(name => 'A group with that name already exists.') } @answers), 4,
            'with the text of the contract');
    }
};

api_done();
