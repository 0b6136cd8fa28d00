package ha

import (
	"context"
	"encoding/json"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

type receiverOptions struct{}

func newReceiver(*lease.Store, receiverOptions) *receiver { return &receiver{} }

type receiver struct{}

func (r *receiver) handle(ctx context.Context, sender string, args json.RawMessage) ctrl.Response {
	return ctrl.Response{}
}
func (r *receiver) applied(sender string) lease.Position { return lease.Position{} }

type changeSender struct{}

func (changeSender) run(ctx context.Context) error      { <-ctx.Done(); return nil }
func newChangeSender(*peer, *lease.Store, *feed) sender { return changeSender{} }
