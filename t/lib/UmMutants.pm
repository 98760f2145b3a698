# SPDX-License-Identifier: Apache-2.0
package UmMutants;
# The table t/mutants, for t/mutate and t/house/mutants.t.
use strict;
use warnings;

# The mutants of a table: { name, file, tests, means, from, to }, in their order.
sub read_table {
    my ($path) = @_;
    my (@mutants, $mutant);
    open my $in, '<:raw', $path or die "$path: $!\n";
    while (my $line = <$in>) {
        chomp $line;
        if ($line =~ /\A(name|file|tests|means): (.+)\z/) {
            push @mutants, $mutant = { from => [], to => [] } if $1 eq 'name';
            die "$path:$.: nothing has a name before this line\n" if !$mutant;
            $mutant->{$1} = $2;
        }
        elsif ($mutant && $line =~ /\A([-+])(.*)\z/) {
            push @{ $mutant->{ $1 eq '-' ? 'from' : 'to' } }, $2;
        }
        elsif ($line ne '' && $line !~ /\A#/) {
            die "$path:$.: not understood\n";
        }
    }
    close $in;
    for my $one (@mutants) {
        $one->{$_} = join "\n", @{ $one->{$_} } for qw(from to);
        for my $field (qw(file tests means from)) {
            die "$path: $one->{name} has no $field\n" if !length($one->{$field} // '');
        }
    }
    return @mutants;
}

# How often the text of a mutant is in the text of its file.
sub count {
    my ($mutant, $text) = @_;
    return scalar(() = $text =~ /\Q$mutant->{from}\E/g);
}

1;
