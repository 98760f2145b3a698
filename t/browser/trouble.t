#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pages in a browser when something is in the way: tokens that expire, sessions that end, other tabs, other sites.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmBrowser;
use UmServer;
use UmTest ();

my $why = why_no_browser();
plan(skip_all => $why) if $why;

my $folder = UmTest::new_folder();
UmTest::spew("$folder/clock", "0\n");

my $sources = UmTest::sources();
my $server = UmServer->start(new_database(), private_pages() . <<"END",
<Location /private/>
    UserMgmtSignInPage auto
</Location>
UserMgmtPages On
UserMgmtPagesTemplates "$sources/conf/pages"
UserMgmtTokenLifetime 1h
END
    environment => { LD_PRELOAD => UmTest::library('setclock'), UM_TEST_CLOCK => "$folder/clock" });
browse('trouble.mjs', base => "http://127.0.0.1:$server->{port}", path => '/account/', place => '/private/page.txt',
    clock => "$folder/clock");
is($server->crashes, '', 'nothing crashed');
$server->stop;

done_testing();
