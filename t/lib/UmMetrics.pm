# SPDX-License-Identifier: Apache-2.0
package UmMetrics;
# Reads metrics as text, strictly: Prometheus' format 0.0.4 and OpenMetrics 1.0, as far as the module uses them.
use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(read_metrics);

my $NAME = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $LABEL = qr/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/;

# { families => { name => { type, help } }, samples => { 'name{a="b"}' => value }, faults => [...] }. A family of
# OpenMetrics has the name that the older format gives it.
sub read_metrics {
    my ($text, %with) = @_;
    my (%family, %sample, @faults, $now, %ended);
    push @faults, 'no line end' unless $text =~ /\n\z/;
    push @faults, 'no # EOF' if $with{openmetrics} && $text !~ s/^# EOF\n\z//m;
    for my $line (split /\n/, $text) {
        if ($line =~ /\A# HELP ($NAME) (\S.*)\z/) {
            push @faults, "again: $1" if $family{$1};
            ($now, $family{$1}) = ($1, { help => $2 });
        }
        elsif ($line =~ /\A# TYPE ($NAME) (counter|gauge|histogram)\z/) {
            push @faults, "TYPE of another family: $1" unless defined $now && $1 eq $now;
            $family{$1}{type} = $2;
        }
        elsif ($line =~ /\A($NAME)(?:\{(.*)\})? (-?[0-9]+(?:\.[0-9]+)?)\z/) {
            my ($name, $labels, $value) = ($1, defined $2 ? $2 : '', $3);
            my $type = defined $now && $family{$now}{type} || 'none';
            my $base = $with{openmetrics} || $type ne 'counter' ? $now : $now =~ s/_total\z//r;
            my $suffix = $type eq 'counter' ? qr/_total/ : $type eq 'histogram' ? qr/_(?:bucket|sum|count)/ : qr//;
            push @faults, "sample of another family: $line" unless $name =~ /\A\Q$base\E$suffix\z/;
            my ($rest, %seen) = ($labels);
            while ($rest =~ s/\A$LABEL(?:,(?=.)|\z)//) { push @faults, "label twice: $line" if $seen{$1}++ }
            push @faults, "labels: $line" if length $rest;
            push @faults, "negative: $line" if $value < 0 && $type ne 'gauge';
            my $id = length $labels ? "${name}{$labels}" : $name;
            push @faults, "sample twice: $line" if exists $sample{$id};
            $sample{$id} = $value;
        }
        else { push @faults, "no line of metrics: $line" }
    }
    for my $name (keys %family) {
        push @faults, "$name: no type" unless $family{$name}{type};
        next unless ($family{$name}{type} || '') eq 'histogram';
        my %last;
        # Buckets are cumulative, and the last one has all.
        while ($text =~ /^\Q$name\E_bucket\{(?:(.*?),)?le="([^"]+)"\} (\d+)$/mg) {
            my ($labels, $bound, $count) = (defined $1 ? $1 : '', $2, $3);
            my $before = $last{$labels} || [-1, 0];
            push @faults, "$name: buckets of $labels" if $count < $before->[1]
                || ($bound ne '+Inf' && $bound <= $before->[0]);
            $last{$labels} = [$bound, $count];
        }
        for my $labels (keys %last) {
            my $count = $sample{ length $labels ? "${name}_count{$labels}" : "${name}_count" };
            push @faults, "$name: +Inf of $labels" unless $last{$labels}[0] eq '+Inf' && $last{$labels}[1] == $count;
        }
    }
    my %named = map { my $type = $family{$_}{type} || '';
        ($with{openmetrics} && $type eq 'counter' ? "${_}_total" : $_) => $family{$_} } keys %family;
    return { families => \%named, samples => \%sample, faults => \@faults };
}

1;
