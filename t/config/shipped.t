#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The files of conf/ are good as they are shipped.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmTest;

# As installed, except for the place of the list of passwords, which this machine need not have.
sub shipped {
    my ($file) = @_;
    my $text = UmTest::slurp(UmTest::sources() . "/conf/$file");
    $text =~ s/^(\s*UserMgmtCommonPasswords\s).*$/$1none/m;
    return $text;
}

for my $file ('usermgmt.conf', 'usermgmt-full.conf') {
    my ($status, $output) = UmTest::httpd_t(shipped($file));
    ok(!$status, "$file") or diag($output);
}

# usermgmt.conf with the comments of one database taken away is a working configuration.
{
    my $folder = UmTest::new_folder();
    mkdir "$folder/db", 0700 or die "$!\n";
    UmTest::new_key("$folder/key.pem");
    my $text = shipped('usermgmt.conf');
    is($text =~ s/^#(DBDriver\s+sqlite3)$/$1/m, 1, 'usermgmt.conf shows SQLite');
    is($text =~ s{^#(DBDParams\s+)/\S+$}{$1$folder/db/accounts.db}m, 1, 'and its file');
    is($text =~ s{^#(UserMgmtSigningKey\s+)\S+$}{$1$folder/key.pem}m, 1, 'and a key');
    $text .= "UserMgmtCommonPasswords none\n<VirtualHost *:1>\nUserMgmt On\n</VirtualHost>\n";
    my ($status, $output) = UmTest::httpd_t($text);
    ok(!$status, 'usermgmt.conf with these is good') or diag($output);
}

# a2enmod reads the dependency from a comment, and takes the module from where Debian has its modules.
my $load = UmTest::slurp(UmTest::sources() . '/conf/usermgmt.load');
like($load, qr/^# Depends:.*\bdbd\b/m, 'usermgmt.load asks a2enmod for mod_dbd');
like($load, qr{^LoadModule usermgmt_module \S+/mod_usermgmt\.so$}m, 'and loads the module');

done_testing();
