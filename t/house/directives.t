#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every directive is in conf/usermgmt-full.conf with its default and in docs/directives.md, and nowhere is one named
# that does not exist.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my @rows = directives();
my @dir_rows = dir_directives();
cmp_ok(scalar @rows, '>', 10, 'the table of directives is read');
cmp_ok(scalar @dir_rows, '>=', 3, 'and that of directories');
my %row = map { $_->{name} => $_ } @rows, @dir_rows;
my @names = map { $_->{name} } @rows;

sub named_in {
    my ($text) = @_;
    return $text =~ /\b(UserMgmt(?:[A-Z]\w*)?)\b/g;
}

is(join(' ', @names[1 .. $#names]), join(' ', sort @names[1 .. $#names]),
    'the table is in alphabetical order after the switch');
is(join(' ', map { $_->{name} } @dir_rows), join(' ', sort map { $_->{name} } @dir_rows),
    'and so is that of directories');
for my $row (@rows, @dir_rows) {
    my ($least, $most) = map { defined $_ ? $_ : 'none' } @$row{qw(least most)};
    complain($row->{name}, $row->{help} =~ /\A"[^"]{10,}"\z/ ? undef : 'has no help');
    complain($row->{name}, defined $row->{preset} ? undef : 'has no default');
    complain($row->{name}, $row->{kind} =~ /\A(?:number|seconds|bytes)\z/
        ? $least =~ /\A\d+\z/ && $most =~ /\A\d+\z/ && $least < $most ? undef : "has no range: $least to $most"
        : "$least$most" eq 'nonenone' ? undef : "has a range, which $row->{kind} does not read");
}
checked('every directive has a help, a default and, if it is a number, a range', 20);

# The help of UserMgmtIdentityHeaders lists the headers: id, the fields of the profile that have one, groups, staff.
my @fields = code('src/core/account/profile.h') =~ /\bFIELD\(\s*(\w+),(?=[^()]*\bHEADER(?:_ON)?\))/g;
my ($listed) = $row{UserMgmtIdentityHeaders}{help} =~ /, or (.*)"\z/;
is($listed, join(', ', 'id', @fields, 'groups', 'staff'), 'the help of UserMgmtIdentityHeaders lists every header');

# A former name is read as its directive is, and documented there; nothing else names it.
my %former;
for my $alias (directive_aliases()) {
    my $row = $row{ $alias->{name} };
    $former{ $alias->{former} } = $alias->{name};
    complain($alias->{former}, !$row ? "is of $alias->{name}, which does not exist"
        : $row->{kind} ne $alias->{kind} ? "is read as $alias->{kind}, and $alias->{name} as $row->{kind}"
        : $row{ $alias->{former} } ? 'is a directive of its own' : undef);
    my ($section) = text('docs/directives.md') =~ /^## $alias->{name}\n(.*?)(?:^## |\z)/ms;
    complain($alias->{former}, ($section || '') =~ /^Formerly: +$alias->{former}\b/m ? undef
        : "is not in docs/directives.md, under $alias->{name}");
}
checked('every former name has its directive and its line in the reference', 8);

# A directive with its default: "Name value", commented out or not. An empty text is written as "".
my %given;
for my $line (lines_of('conf/usermgmt-full.conf')) {
    my ($name, $value) = $line =~ /\A\s*#?\s*(UserMgmt\w*)\s+(\S.*?)\s*\z/ or next;
    $value =~ s/\A"(.*)"\z/$1/;
    push @{ $given{$name} }, $value;
}
for my $row (@rows, @dir_rows) {
    my $default = $row->{preset};
    $default =~ s/\AUM_DATADIR\s*"(.*)"\z/share\/usermgmt$1/ or $default =~ s/\A"(.*)"\z/$1/;
    my @values = @{ $given{ $row->{name} } || [] };
    complain($row->{name}, !@values ? 'is not in conf/usermgmt-full.conf'
        : (grep { $_ eq $default || ($row->{kind} eq 'path' && /\Q$default\E\z/) } @values) ? undef
        : "conf/usermgmt-full.conf says @values, the table $default");
}
checked('conf/usermgmt-full.conf has every directive with its default', 10);

my @headings = map { /\A#+\s+`?(UserMgmt\w*)`?\s*\z/ ? $1 : () } lines_of('docs/directives.md');
is(join(' ', sort @headings), join(' ', sort @names, map { $_->{name} } @dir_rows),
    'docs/directives.md has a heading for every directive');

my ($overview) = text('docs/directives.md') =~ /^\*\*By subject\.\*\*(.*?)^\*\*Context/ms;
my %listed;
$listed{$_}++ for named_in($overview);
for my $name (@names, map { $_->{name} } @dir_rows) {
    my $times = $listed{$name} || 0;
    complain($name, $times == 1 ? undef : "is $times times, not once, in the table by subject of docs/directives.md");
}
checked('the table by subject of docs/directives.md has every directive', 20);

for my $file (files(qr{\A(?:README|conf/.*\.conf|docs/.*\.md|quickstart|t/conf/.*|t/bench/.*)\z})) {
    my $text = text($file);
    # How to add a directive is shown by one that does not exist.
    $text =~ s/^```diff\n.*?^```\n//gms if $file eq 'docs/architecture.md';
    complain($file, $row{$_} || ($former{$_} && $file eq 'docs/directives.md') ? undef
        : $former{$_} ? "names $_, which is $former{$_} now" : "names $_, which does not exist")
        for named_in($text);
}
checked('no file names a directive that does not exist', 20);

done_testing();
