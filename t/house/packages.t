#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The packages have the version that configure.ac has, and need what it looks for; what postinst makes is what the
# documentation and the sample configuration name.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my $configure = text('configure.ac');
my ($version) = $configure =~ /^AC_INIT\(\[mod_usermgmt\], \[([\d.]+)\]\)$/m;
my $spec = text('share/rpm/mod_usermgmt.spec');
is((text('debian/changelog') =~ /\Amod-usermgmt \(([^)]+)\)/)[0], $version, 'the version of debian/changelog');
is(($spec =~ /^Version: +(\S+)$/m)[0], $version, 'the version of the spec');
is(($spec =~ /^%changelog\n\*.* (\S+)$/m)[0], "$version-1", 'and that of its first entry');
like(text('CHANGES'), qr/^\Q$version\E$/m, 'CHANGES tells of it');
like(text('debian/changelog'), qr/^ -- .*>  \w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000$/m, 'its time is in UTC');

# Libraries: the pkg-config module with its version, and Debian's package.
my ($needed) = text('debian/control') =~ /^Build-Depends:(.*?)^\n/ms;
sub needs { return $needed =~ /^ +\Q$_[0]\E[ ,(]/m }

while ($configure =~ /^UM_NEED\(\[\w+\], \[([^\]]+)\],[^)]*?\[([\w-]+)\]\)$/mg) {
    my ($module, $package) = ($1, $2);
    my ($name, $least) = split / >= /, $module;
    complain('debian/control', needs($package) ? undef : "does not need $package, as configure.ac does");
    complain('share/rpm/mod_usermgmt.spec', $spec =~ /^BuildRequires: +pkgconfig\(\Q$name\E\)(.*)$/m
        && (!$least || $1 eq " >= $least") ? undef : "does not need $module, as configure.ac does");
}
for my $package ($configure =~ /^UM_APR\(.*\[([\w-]+)\]\)$/mg, 'libargon2-dev') {
    complain('debian/control', needs($package) ? undef : "does not need $package, as configure.ac does");
}
checked('the packages need what configure.ac looks for', 14);

# The folders of postinst, which purge removes, are those of the sample configuration and of README.
my $postinst = text('debian/libapache2-mod-usermgmt.postinst');
my @made = $postinst =~ m{^(?:keys|state)=(/\S+)$}mg;
is(scalar @made, 2, 'postinst makes two folders');
my ($purged) = text('debian/libapache2-mod-usermgmt.postrm') =~ /^ +rm -rf (.*)$/m;
is($purged, join(' ', @made), 'purge removes both');
for my $folder (@made) {
    for my $file ('conf/usermgmt.conf', 'README', 'docs/operations.md', 'debian/README.Debian') {
        complain($file, text($file) =~ m{\Q$folder\E\b} ? undef : "does not name $folder");
    }
}
checked('the folders are documented', 8);

# The first line of a file of overrides is the reason for them.
for my $file (files(qr{\Adebian/(?:.*\.|source/)lintian-overrides\z})) {
    my @lines = lines_of($file);
    complain($file, ($lines[0] || '') =~ /\A#/ ? undef : 'has no reason for what lintian is not to say');
}

done_testing();
