#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two changes of one account at the same instant: neither undoes the other.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmServer;

my $database = new_database();
my $server = UmServer->start($database, '');
$UmApi::PORT = $server->{port};

# Runs commands of the program at the same time; returns what each of them said.
sub at_once {
    my @commands = @_;
    my @readers = map {
        open my $out, '-|', UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params}, @$_
            or die "$!\n";
        $out;
    } @commands;
    return map { my $reader = $_; local $/; my $said = <$reader>; close $reader; $said } @readers;
}

sub state_of {
    my ($account) = @_;
    return $database->{sql}->("select is_active, is_staff from um_users where id = '$account->{id}'");
}

{
    my $me = register();
    my @wrong;
    for my $round (1 .. 15) {
        $database->{sql}->("update um_users set is_active = 1, is_staff = 0 where id = '$me->{id}'");
        at_once([qw(user active), $me->{username}, 'off'], [qw(user staff), $me->{username}, 'on']);
        push @wrong, state_of($me) if state_of($me) ne '0|1';
    }
    is("@wrong", '', 'switched off and made staff at once: both, each of 15 times');

    my ($said) = at_once([qw(user active), $me->{username}, 'on']);
    like($said, qr/ is now active and staff;/, 'a command tells of the account as it is then');
    @wrong = ();
    for my $round (1 .. 15) {
        $database->{sql}->("update um_users set is_active = 1, is_staff = 1 where id = '$me->{id}'");
        at_once([qw(user active), $me->{username}, 'off'], [qw(user staff), $me->{username}, 'off']);
        push @wrong, state_of($me) if state_of($me) ne '0|0';
    }
    is("@wrong", '', 'switched off and taken out of staff at once: both');
}

is($server->crashes, '', 'nothing crashed');
api_done();
