#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The tasks of docs/accounts.md: each command that is printed there does what it says, on a running site.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmDocs;
use UmMail;
use UmServer;

my $folder = UmTest::new_folder();
mkdir "$folder/mail", 0700 or die "$folder: $!\n";
my $database = new_database();
my $server = UmServer->start($database, "UserMgmtMail file:$folder/mail");
$UmApi::PORT = $server->{port};

local $ENV{PATH} = programs("$server->{folder}/httpd.conf") . ":$ENV{PATH}";

my $page = UmTest::slurp(UmTest::sources() . '/docs/accounts.md');
my (%said, $tasks);
while ($page =~ /^## (.*?)\n(.*?)(?=^## |\z)/msg) {
    my ($task, $text) = ($1, $2);
    $tasks++;
    # bob, whom the first task makes, is staff.
    local $ENV{TOKEN} = $task eq 'Inviting somebody' ? login('bob', 'Blue-Tree!71x') : '';
    while ($text =~ /^```sh\n(.*?)^```$/msg) {
        my $commands = $1 =~ s{https://www\.example\.org}{http://127.0.0.1:$server->{port}}r;
        my ($status, $output) = UmTest::run('/bin/sh', '-ec', $commands);
        $said{$task} .= $output;
        is($status, 0, "$task: " . ((split /\n/, $commands)[-1])) or diag($output);
    }
    ok(defined $said{$task}, "$task: has commands");
}
cmp_ok($tasks, '>=', 10, 'all tasks were tried');

like($said{'Add an account'}, qr/^password +\S{23}$/m, 'the generated password is printed');
like($said{'Find an account'}, qr/^\S{36} alice <alice\@example\.org>\n\S{36} bob <bob\@example\.org> staff\n(?s:.*)^username +alice\n(?s:.*)^\{.*"username":"alice"/m, 'the account is found');
like($said{'Groups'}, qr/^groups +editors$/m, 'it is in a group');
like($said{'Rename'}, qr/^alice is now alicia$/m, 'it is renamed');
like($said{'Delete'}, qr/^alicia \(\S+\) is deleted$/m, 'and in the end deleted');
is($database->{sql}->('select username from um_users order by username'), "bob\ncarol\ndave\nerin",
    'the others are there');
like($said{'Inviting somebody'}, qr/^dave \(\S+\) is invited.*"username":"erin"/ms, 'two are invited');
is($database->{sql}->("select count(*) from um_users where password = 'invited'"), 2, 'who have no password yet');
ok(login('bob', 'Blue-Tree!71x'), 'an account signs in with the password from standard input');
settle(sql => $database->{sql});
my ($reset) = mails_in("$folder/mail", 'carol@example.org');
answer_is(confirm($reset->{token}, 'Green-Pond!82y'), 200, $FINE, 'the mail of a reset sets a password');
ok(login('carol', 'Green-Pond!82y'), 'which signs in');
is($server->crashes, '', 'no process of the server crashed');

api_done();
