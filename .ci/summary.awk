# Reads `go test -v` and the line "exit status N" behind it. A package that
# passes prints one line; of others everything but the tests that passed is
# shown. Skipped tests fail the run: continuous integration has all they need.
# With -v ended=FILE the packages that have ended are noted there, one a line, and
# with -v times=FILE the top tests from a second: package, seconds, name.
function show() { for (i = 0; i < n; i++) print lines[i]; n = 0; fflush() }

/^exit status [0-9]+$/ { status = $3; next }
/^(ok  |FAIL)\t/ && times { for (i = 0; i < slow; i++) print $2, seconds[i] >times; slow = 0 }
/^ok  \t/ { print; fflush(); if (ended) { print $2 >ended; fflush(ended) } n = 0; next }
/^\?   \t|\[no test files\]/ { n = 0; next }
/^=== (RUN|PAUSE|CONT|NAME) / { next }
/^--- / && times { took = substr($NF, 2) + 0; if (took >= 1) seconds[slow++] = took " " $3 }
/^ *--- PASS/ { passed++; next }
{ lines[n++] = $0 }
/^FAIL\t/ { show(); if (ended) { print $2 >ended; fflush(ended) } }
/^ *--- SKIP/ { skipped[skips++] = $0 }
/^ *--- FAIL/ { failed++ }

END {
	if (status != 0) show()
	for (i = 0; i < skips; i++) print "skipped: " skipped[i]
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skips
	exit (status != 0 || skips > 0 || passed == 0)
}
