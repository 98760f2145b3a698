#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The configuration files of conf/ are valid as they are shipped.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmTest;

# The file as it is installed, but without the list of common passwords, which this machine may not have.
sub shipped {
    my ($file) = @_;
    my $text = UmTest::slurp(UmTest::sources() . "/conf/$file");
    $text =~ s/^(\s*UserMgmtCommonPasswords\s).*$/$1none/m;
    return $text;
}

for my $file ('usermgmt.conf', 'usermgmt-full.conf') {
    my ($status, $output) = UmTest::httpd_t(shipped($file));
    ok(!$status, "$file is a valid configuration") or diag($output);
}

# usermgmt.conf is a working configuration when the comment signs of one database are removed.
{
    my $folder = UmTest::new_folder();
    mkdir "$folder/db", 0700 or die "$!\n";
    UmTest::new_key("$folder/key.pem");
    my $text = shipped('usermgmt.conf');
    is($text =~ s/^#(DBDriver\s+sqlite3)$/$1/m, 1, 'usermgmt.conf has a line for SQLite');
    is($text =~ s{^#(DBDParams\s+)/\S+$}{$1$folder/db/accounts.db}m, 1, 'usermgmt.conf has a line for the file of SQLite');
    is($text =~ s{^#(UserMgmtSigningKey\s+)\S+$}{$1$folder/key.pem}m, 1, 'usermgmt.conf has a line for a key');
    $text .= "UserMgmtCommonPasswords none\n<VirtualHost *:1>\nUserMgmt On\n</VirtualHost>\n";
    my ($status, $output) = UmTest::httpd_t($text);
    ok(!$status, 'usermgmt.conf with these lines is a valid configuration') or diag($output);
}

# a2enmod reads the dependency from a comment, and loads the module from Debian's folder of modules.
my $load = UmTest::slurp(UmTest::sources() . '/conf/usermgmt.load');
like($load, qr/^# Depends:.*\bdbd\b/m, 'usermgmt.load asks a2enmod for mod_dbd');
like($load, qr{^LoadModule usermgmt_module \S+/mod_usermgmt\.so$}m, 'usermgmt.load loads the module');

done_testing();
