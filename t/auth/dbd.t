#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Other modules that use mod_dbd continue to work on the same database: mod_authn_dbd and Require dbd-group prepare
# their statements once for each connection and never again.
use strict;
use warnings;
use lib 't/lib';
use MIME::Base64 qw(encode_base64);
use Test::More;
use UmApi;
use UmServer;
use UmTest;

my $LINES = <<'END';
<Location /team>
    AuthType Basic
    AuthName team
    AuthBasicProvider dbd
    AuthDBDUserPWQuery "select pw from people where name = %s"
    AuthzDBDQuery "select team from people where name = %s"
    Require dbd-group green
</Location>
END
# The hash of "secret", for apr_password_validate.
my $PASSWORD = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=';

sub people_in {
    my ($database) = @_;
    $database->{sql}->('create table people (name text primary key, pw text, team text); insert into people values '
        . "('alice', '$PASSWORD', 'green'), ('bob', '$PASSWORD', 'red')");
    return $database;
}

sub team_page {
    my ($server, $name) = @_;
    return call(GET => '/team', port => $server->{port}, any => 1,
        headers => ['Authorization: Basic ' . encode_base64("$name:secret", '')])->{status};
}

# Requests both pages often enough that each connection of each child is used by both modules.
sub all_pages {
    my ($server) = @_;
    my %seen;
    $seen{ team_page($server, 'alice') . ' ' . team_page($server, 'bob') }++ for 1 .. 20;
    return join ', ', sort keys %seen;
}

# On SQLite the module creates its tables itself, beside the tables of other modules.
for my $is_empty (UmTest::database() eq 'sqlite3' ? (0, 1) : 0) {
    my $server = UmServer->start(people_in(new_database(is_empty => $is_empty)), $LINES,
        modules => [qw(auth_basic authn_dbd authz_dbd)]);
    is(all_pages($server), '404 401', 'mod_authn_dbd lets in the member of the group and no other');
    {
        local $UmApi::PORT = $server->{port};
        register() for 1 .. 10;
    }
    is(all_pages($server), '404 401', 'mod_authn_dbd decides the same after the API has used its connections');
    is($server->crashes, '', 'no process of the server crashed');
    $server->stop;
}

done_testing();
