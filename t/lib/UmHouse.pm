# SPDX-License-Identifier: Apache-2.0
package UmHouse;
# For the checks of t/house/: the files of the project, and readers of its tables. A check that found nothing to look at
# fails (checked()), because a renamed folder would otherwise silence it for ever.
use strict;
use warnings;
use Exporter 'import';
use File::Find ();
use Test::More;
use UmTest ();

our @EXPORT = qw(files text lines_of code floor_of stem is_table directives directive_aliases dir_directives routes
    complain checked);

my @all;

# Paths of all files of the project, from its top folder, that match the pattern.
sub files {
    my ($pattern) = @_;
    if (!@all) {
        my $top = UmTest::sources();
        File::Find::find({ no_chdir => 1, wanted => sub {
            push @all, substr($_, 1 + length $top) if -f $_ && !m{/\.sources(?:\.new)?\z};
        } }, $top);
        @all = sort @all;
    }
    return grep { $_ =~ $pattern } @all;
}

sub text {
    my ($file) = @_;
    return UmTest::slurp(UmTest::sources() . "/$file");
}

sub lines_of {
    my ($file) = @_;
    return split /\n/, text($file);
}

# C text with comments blanked out and, unless strings are wanted, strings emptied; every line stays on its number.
sub code {
    my ($file, %with) = @_;
    my $text = text($file);
    $text =~ s{("(?:[^"\\\n]|\\.)*")|('(?:[^'\\\n]|\\.)*')|(/\*.*?\*/)|(//[^\n]*)}{
        my $string = defined $1 ? $1 : $2;
        defined $string ? ($with{strings} ? $string : q("")) : "\n" x (() = (defined $3 ? $3 : '') =~ /\n/g) || ' '
    }gse;
    return $text;
}

sub floor_of {
    my ($file) = @_;
    return 'http' if $file eq 'mod_usermgmt.c';
    return $file =~ m{\Asrc/([^/]+)/} ? $1 : undef;
}

# Tables are headers of macros alone, which declare and include nothing (t/house/floors.t). The rows of a table may be
# wanted below its own floor or wing.
sub is_table {
    my ($file) = @_;
    return $file eq 'src/core/account/profile.h';
}

sub stem {
    my ($file) = @_;
    return $file =~ m{([^/]+)\.[^./]+\z} ? $1 : $file;
}

# The rows of a macro in src/http/config/directives.h, in their order. A row has the given columns, and then named
# fields: .preset = "24h", .least = 60.
sub directive_rows {
    my ($macro, @columns) = @_;
    my $code = code('src/http/config/directives.h', strings => 1);
    my @rows;
    while ($code =~ /^$macro\((.*?)\)$/gms) {
        my @fields = $1 =~ /\G\s*((?:"(?:[^"\\]|\\.)*"|[^",]+)+)(?:,|\z)/g;
        s/\s+\z// for @fields;
        my %row;
        @row{@columns} = splice @fields, 0, scalar @columns;
        for my $field (@fields) {
            my ($name, $value) = $field =~ /\A\.(\w+) = (.+)\z/s or die "a field of $row{name} has no name: $field\n";
            $row{$name} = $value;
        }
        push @rows, \%row;
    }
    my $count = () = $code =~ /^$macro\(/gm;
    die "a row of $macro in directives.h is not understood\n" unless @rows == $count;
    return @rows;
}

# The directives of virtual hosts: { name, kind, owner, member, help, preset, least, most, scope }.
sub directives {
    return directive_rows('UM_DIRECTIVE', qw(name kind owner member help));
}

# The former names of directives of virtual hosts: { former, name, kind }.
sub directive_aliases {
    return directive_rows('UM_DIRECTIVE_ALIAS', qw(former name kind));
}

# The directives of directories: { name, kind, member, help, preset }.
sub dir_directives {
    return directive_rows('UM_DIR_DIRECTIVE', qw(name kind member help));
}

# The rows of src/http/api/route.c: { path, method }.
sub routes {
    my $code = code('src/http/api/route.c', strings => 1);
    my %macro = $code =~ /^#define (\w+)\s+"([^"]*)"$/gm;
    my @rows;
    # A path is a macro, a text, or a macro and the text that follows it.
    while ($code =~ /^\s*\{\s*\.path = (?:(\w+)(?:\s*"([^"]+)")?|"([^"]+)"),\s*\.method = "([A-Z]+)",/gm) {
        my ($start, $rest, $method) = (defined $1 ? $macro{$1} : $3, defined $2 ? $2 : '', $4);
        push @rows, { path => "$start$rest", method => $method } if defined $start;
    }
    return @rows;
}

my $checks = 0;
my %complaints;

# One thing was looked at; a reason is a complaint about it.
sub complain {
    my ($where, $reason) = @_;
    $checks++;
    push @{ $complaints{$where} }, $reason if defined $reason;
    return;
}

# The verdict over everything that went through complain() since the last one.
sub checked {
    my ($name, $least) = @_;
    my $count = $checks;
    my @bad = map { my $where = $_; map { "$where: $_" } @{ $complaints{$where} } } sort keys %complaints;
    ($checks, %complaints) = (0);
    cmp_ok($count, '>=', $least || 1, "$name: there is something to check ($count)");
    ok(!@bad, $name) or diag(join "\n", @bad > 40 ? (@bad[0 .. 39], '...') : @bad);
    return;
}

1;
