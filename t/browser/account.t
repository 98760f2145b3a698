#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pages in a browser: people register, sign in, wander, mend their account and sign out.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmBrowser;
use UmServer;
use UmTest ();

my $why = why_no_browser();
plan(skip_all => $why) if $why;

my $mails = UmTest::new_folder();
my $sources = UmTest::sources();
my $server = UmServer->start(new_database(), private_pages() . <<"END");
<Location /private/>
    UserMgmtSignInPage auto
</Location>
<Location /private/editors/>
    Require usermgmt-group editors
</Location>
UserMgmtPages On
UserMgmtPagesTemplates "$sources/conf/pages"
UserMgmtMail "file:$mails"
UserMgmtResetURL auto
END
browse('account.mjs', base => "http://127.0.0.1:$server->{port}", path => '/account/', mails => $mails,
    place => '/private/page.txt?a=b', shut => '/private/editors/');
is($server->crashes, '', 'nothing crashed');
$server->stop;

done_testing();
