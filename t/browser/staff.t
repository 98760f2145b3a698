#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pages of staff in a browser: accounts, groups, mails that wait, throttles and health.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmApi;
use UmBrowser;
use UmServer;
use UmTest ();

my $why = why_no_browser();
plan(skip_all => $why) if $why;

my $sources = UmTest::sources();
my $database = new_database();
my $server = UmServer->start($database, private_pages() . <<"END");
<Location /private/>
    UserMgmtSignInPage auto
</Location>
<Location /private/editors/>
    Require usermgmt-group editors
</Location>
UserMgmtPages On
UserMgmtPagesTemplates "$sources/conf/pages"
UserMgmtMail smtp://127.0.0.1:@{[ free_port() ]}
UserMgmtInviteURL auto
UserMgmtResetURL auto
END
my $password = good_password();
my $answer = call(POST => $USERS, port => $server->{port}, json => qq({"username":"chief","password":"$password"}));
is($answer->{status}, 201, 'somebody registers');
$database->{sql}->(q(update um_users set is_staff = 1 where username = 'chief'));

browse('staff.mjs', base => "http://127.0.0.1:$server->{port}", path => '/account/', shut => '/private/editors/',
    username => 'chief', password => $password);
is($server->crashes, '', 'nothing crashed');
$server->stop;

done_testing();
