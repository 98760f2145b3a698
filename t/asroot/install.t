#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# make install into a prefix of its own: what is there, with which modes, and that configuration names it. By root, who
# has the build; the tests' user has not.
use strict;
use warnings;
use File::Find ();
use File::Temp ();
use Test::More;

die "for root, by ./runtests\n" if $> || !$ENV{UM_TEST_BUILD};
my $top = File::Temp::tempdir('usermgmt-root.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my @where = ("DESTDIR=$top", 'prefix=/opt/x', 'moduledir=/opt/x/modules');

sub make {
    my ($target) = @_;
    my $out = File::Temp->new;
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        open STDOUT, '>', "$out" or die;
        open STDERR, '>&STDOUT' or die;
        exec 'make', '-s', '-C', "$ENV{UM_TEST_BUILD}/src", $target, @where or die;
    }
    waitpid $child, 0;
    return ok(!$?, "make $target") || diag(slurp("$out"));
}

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return <$in>;
}

sub installed {
    my %modes;
    File::Find::find({ no_chdir => 1, wanted => sub {
        $modes{ substr $_, length $top } = sprintf '%o', (lstat)[2] & 07777 if !-d;
    } }, $top);
    return %modes;
}

make('install');
my %modes = installed();
is(delete $modes{'/opt/x/modules/mod_usermgmt.so'}, '644', 'the module is not executable');
is(delete $modes{'/opt/x/bin/usermgmt'}, '755', 'the program is executable');
is(join("\n", grep { $modes{$_} ne '644' } sort keys %modes), '', 'all other files can be read by all');
is(join("\n", grep { !m{\A/opt/x/} } sort keys %modes), '', 'every file is below the prefix');
for my $name (qw(README CHANGES LICENSE api.md directives.md operations.md security.md architecture.md openapi.yaml)) {
    ok($modes{"/opt/x/share/doc/mod_usermgmt/$name"}, "$name is installed");
}
ok($modes{'/opt/x/share/man/man1/usermgmt.1'}, 'the man page is installed');
ok($modes{'/opt/x/share/bash-completion/completions/usermgmt'}, 'the completion is installed');
my %named;
for my $file (grep { m{/conf/} } sort keys %modes) {
    my $text = slurp("$top$file");
    unlike($text, qr{/usr/}, "$file names no folder of another prefix");
    $named{$_}++ for $text =~ m{(/opt/x/[\w./-]*[\w-])}g;
}
cmp_ok(scalar keys %named, '>=', 3, 'the files of configuration name what is installed');
ok(-e "$top$_", "$_ is there") for sort keys %named;
make('uninstall');
is(join("\n", keys %{ { installed() } }), '', 'make uninstall leaves nothing');

done_testing();
