#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A site of three static pages and a proxied application, closed with the lines of docs/static-site.md and
# docs/application.md: a person's year on it.
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

my $folder = UmTest::new_folder();
UmTest::spew("$folder/clock", "0\n");
UmTest::spew("$folder/types", "text/html html\n");
mkdir "$folder/$_" or die "$folder/$_: $!\n" for qw(htdocs htdocs/members mails);
chmod 0777, "$folder/mails";
my %page = ('index' => 'Welcome', 'members/index' => 'For members', 'members/minutes' => 'Minutes');
UmTest::spew("$folder/htdocs/$_.html", "<!doctype html><title>$page{$_}</title><h1>$page{$_}</h1>"
    . '<a href="/members/minutes.html">Minutes</a> <a href="/wiki/start">Wiki</a>') for keys %page;

# The lines are those of the pages, with the port of this application.
my $application = free_port();
my $STEP = qr/^\*\*Step \d\.\*\*(?:(?!^(?:\*\*|#)).)*?^```apache\n(.*?)^```/ms;
my $lines = join '', map { UmTest::slurp(UmTest::sources() . "/docs/$_.md") =~ /$STEP/g } qw(static-site application);
is(scalar(() = $lines =~ /^<Location/gm), 2, 'the pages close two places');
$lines =~ s/127\.0\.0\.1:9000/127.0.0.1:$application/g;

my $sources = UmTest::sources();
my $database = new_database();
my $server = UmServer->start($database, <<"END" . $lines, modules => [qw(dir mime proxy proxy_http)],
DocumentRoot $folder/htdocs
TypesConfig $folder/types

<Directory $folder/htdocs>
    Require all granted
</Directory>
UserMgmtPagesTemplates "$sources/conf/pages"
UserMgmtMail "file:$folder/mails"
UserMgmtEmailVerification required
UserMgmtResetURL auto
UserMgmtVerifyURL auto
UserMgmtTokenLifetime 1h
END
    environment => { LD_PRELOAD => UmTest::library('setclock'), UM_TEST_CLOCK => "$folder/clock" });
my $password = good_password();
my @program = (UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params});
UmTest::output_of('sh', '-c', 'printf "%s\n%s\n" "$0" "$0" | "$@"', $password, @program, qw(user add chief --email),
    'chief@example.org', '--verified', '--staff');
UmTest::output_of(@program, qw(group new editors));

browse('site.mjs', base => "http://127.0.0.1:$server->{port}", path => '/account/', mails => "$folder/mails",
    clock => "$folder/clock", application => $application, username => 'chief', password => $password);
is($server->crashes, '', 'nothing crashed');
$server->stop;

done_testing();
