package testnet

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// Until asks again and again until ok returns nil, and fails the test with its
// last error when ctx ends first. It is for what cannot be waited on, such as
// another program; a deadline belongs into ctx.
func Until(ctx context.Context, t testing.TB, what string, ok func() error) {
	t.Helper()
	if err := poll(ctx, ok); err != nil {
		t.Fatalf("waiting until %s: %v", what, err)
	}
}

func poll(ctx context.Context, ok func() error) error {
	// Less often after a while: many tests wait at the same time.
	wait := 10 * time.Millisecond
	for {
		err := ok()
		if err == nil {
			return nil
		}
		var final *finalError
		if errors.As(err, &final) {
			return final.error
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(wait):
			wait = min(wait*5/4, 100*time.Millisecond)
		}
	}
}

// finalError is a reason to give up waiting at once.
type finalError struct{ error }
