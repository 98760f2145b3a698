# SPDX-License-Identifier: Apache-2.0
package UmBrowser;
# Runs a script of t/browser, which drives a browser, and counts its checks as those of the suite.
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use UmNode;
use UmTest ();

our @EXPORT = qw(why_no_browser browse);

my $CHROMIUM = 'chromium';

# Why there is no browser to test with; undef: there is one.
sub why_no_browser { return why_no_node('browser', $CHROMIUM) }

# Runs a script with facts for it, beside those that all have; see t/browser/browser.mjs.
sub browse {
    my ($script, %facts) = @_;
    my $chromium = UmTest::output_of('which', $CHROMIUM);
    local $ENV{UM_BROWSER_FACTS} = JSON::PP->new->canonical->encode({ packages => node_packages('browser'),
        chromium => $chromium, database => UmTest::database(),
        looks => UmTest::database() eq 'sqlite3' ? JSON::PP::true : JSON::PP::false,
        screenshots => UmTest::scratch() . '/logs/pages', %facts });
    count_checks(UmTest::sources() . "/t/browser/$script");
    return;
}

1;
