package hatest_test

import "testing"

// What the example shows is a test.
func TestFailover(t *testing.T) { failover(t) }
