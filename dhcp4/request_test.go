package dhcp4

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// RFC 2131, section 4.3.2, and what Kea does where it leaves a choice.
func TestRequest(t *testing.T) {
	t.Parallel()
	const authoritative = `, "authoritative": true`
	selecting := func(addr string) []mod { return []mod{requested(addr), toServer("192.0.2.1")} }
	reboot := func(addr string) []mod { return []mod{requested(addr)} }
	renew := func(addr string) []mod { return []mod{ciaddr(addr), unicast} }
	rebind := func(addr string) []mod { return []mod{ciaddr(addr)} }
	for _, c := range []struct {
		name   string
		more   string
		global string
		before []lease.Lease
		mods   []mod
		want   string
	}{
		{name: "selecting", mods: selecting("192.0.2.12"), want: "ACK 192.0.2.12"},
		{name: "selecting what is taken", before: []lease.Lease{of(1, "192.0.2.12")}, mods: selecting("192.0.2.12"), want: "NAK"},
		{name: "selecting what is in no pool", mods: selecting("192.0.2.77"), want: "NAK"},
		{name: "selecting what is reserved for another", more: `, "reservations": [{"hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.12"}]`, mods: selecting("192.0.2.12"), want: "NAK"},
		{name: "selecting another server", mods: []mod{requested("192.0.2.12"), toServer("192.0.2.2")}, want: "silence"},
		{name: "selecting nothing", mods: []mod{toServer("192.0.2.1")}, want: "silence"},
		{name: "selecting from an unknown link", mods: append(selecting("192.0.2.12"), relay("198.51.100.1")), want: "NAK"},
		{name: "nothing at all", want: "silence"},

		// "Server SHOULD send a DHCPNAK message to the client if the
		// 'requested IP address' is incorrect, or is on the wrong network."
		// "If a DHCP server has no record of this client, then it MUST
		// remain silent."
		{name: "rebooting", before: []lease.Lease{of(7, "192.0.2.12")}, mods: reboot("192.0.2.12"), want: "ACK 192.0.2.12"},
		{name: "rebooting with a wrong address", before: []lease.Lease{of(7, "192.0.2.12")}, mods: reboot("192.0.2.13"), want: "NAK"},
		{name: "rebooting on a wrong network", before: []lease.Lease{of(7, "192.0.2.12")}, mods: reboot("198.51.100.7"), want: "NAK"},
		{name: "rebooting unknown", mods: reboot("192.0.2.12"), want: "silence"},
		{name: "rebooting unknown, with an address of another", before: []lease.Lease{of(1, "192.0.2.12")}, mods: reboot("192.0.2.12"), want: "silence"},
		{name: "rebooting unknown, authoritative", more: authoritative, mods: reboot("192.0.2.12"), want: "NAK"},
		{name: "rebooting on a wrong network, authoritative", more: authoritative, mods: reboot("198.51.100.7"), want: "NAK"},
		{name: "rebooting on an unknown link", mods: append(reboot("192.0.2.12"), relay("198.51.100.1")), want: "silence"},
		{name: "rebooting on an unknown link, authoritative", global: authoritative, mods: append(reboot("192.0.2.12"), relay("198.51.100.1")), want: "NAK"},
		{name: "rebooting after the lease has ended", before: []lease.Lease{ended(7, "192.0.2.12")}, mods: reboot("192.0.2.12"), want: "ACK 192.0.2.12"},

		{name: "renewing", before: []lease.Lease{of(7, "192.0.2.12")}, mods: renew("192.0.2.12"), want: "ACK 192.0.2.12"},
		{name: "renewing what is free", mods: renew("192.0.2.12"), want: "ACK 192.0.2.12"},
		{name: "renewing what another has", before: []lease.Lease{of(1, "192.0.2.12")}, mods: renew("192.0.2.12"), want: "NAK"},
		{name: "renewing what is in no pool", mods: renew("192.0.2.77"), want: "silence"},
		{name: "renewing what is in no pool, authoritative", more: authoritative, mods: renew("192.0.2.77"), want: "NAK"},
		{name: "renewing what is in no pool any more", before: []lease.Lease{of(7, "192.0.2.77")}, mods: renew("192.0.2.77"), want: "NAK"},
		{name: "renewing what is reserved for another now", more: `, "reservations": [{"hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.12"}]`,
			before: []lease.Lease{of(7, "192.0.2.12")}, mods: renew("192.0.2.12"), want: "NAK"},
		{name: "renewing while another is reserved now", more: `, "reservations": [{"hw-address": "02:00:00:00:00:07", "ip-address": "192.0.2.99"}]`,
			before: []lease.Lease{of(7, "192.0.2.12")}, mods: renew("192.0.2.12"), want: "NAK"},
		{name: "renewing while the reserved one is taken", more: `, "reservations": [{"hw-address": "02:00:00:00:00:07", "ip-address": "192.0.2.13"}]`,
			before: []lease.Lease{of(7, "192.0.2.12"), of(1, "192.0.2.13")}, mods: renew("192.0.2.12"), want: "ACK 192.0.2.12"},
		{name: "renewing a reservation outside of the pools", more: `, "reservations": [{"hw-address": "02:00:00:00:00:07", "ip-address": "192.0.2.99"}]`,
			before: []lease.Lease{of(7, "192.0.2.99")}, mods: renew("192.0.2.99"), want: "ACK 192.0.2.99"},
		{name: "renewing a reservation that is gone", before: []lease.Lease{of(7, "192.0.2.99")}, mods: renew("192.0.2.99"), want: "NAK"},
		{name: "renewing on an unknown link", mods: []mod{ciaddr("198.51.100.7"), unicast}, want: "NAK"},

		{name: "rebinding", before: []lease.Lease{of(7, "192.0.2.12")}, mods: rebind("192.0.2.12"), want: "ACK 192.0.2.12"},
		{name: "rebinding what another has", before: []lease.Lease{of(1, "192.0.2.12")}, mods: rebind("192.0.2.12"), want: "NAK"},
		{name: "rebinding what we know nothing of", mods: rebind("203.0.113.9"), want: "silence"},
		{name: "rebinding on an unknown link", mods: append(rebind("192.0.2.12"), relay("198.51.100.1")), want: "silence"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, oneSubnet(c.more, c.global), nil)
			b.put(c.before...)
			answer := b.ask(request, 7, c.mods...)
			require.Equal(t, c.want, short(answer))
			if answer == nil || answer.MessageType() == dhcpv4.MessageTypeNak {
				require.Len(t, collect(b), len(c.before), "no ACK, no lease")
				return
			}
			l := b.stored(answer.YourIPAddr.String())
			require.NotNil(t, l)
			require.EqualValues(t, 3600, l.ValidLft)
			require.Equal(t, lease.Assigned, l.State)
			require.Equal(t, []byte(answer.ClientHWAddr), l.HWAddr)
			require.InDelta(t, time.Now().Unix(), l.CLTT, 2)
		})
	}
}

func TestStateOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mods  []mod
		state requestState
		addr  string
	}{
		{[]mod{requested("192.0.2.9"), toServer("192.0.2.1")}, stateSelecting, "192.0.2.9"},
		{[]mod{ciaddr("192.0.2.9"), toServer("192.0.2.1")}, stateSelecting, "192.0.2.9"},
		{[]mod{requested("192.0.2.9")}, stateInitReboot, "192.0.2.9"},
		{[]mod{requested("192.0.2.9"), unicast}, stateInitReboot, "192.0.2.9"},
		{[]mod{ciaddr("192.0.2.9"), unicast}, stateRenewing, "192.0.2.9"},
		{[]mod{ciaddr("192.0.2.9")}, stateRebinding, "192.0.2.9"},
		{[]mod{toServer("192.0.2.1")}, stateNone, "invalid IP"},
		{[]mod{opt(50, 1, 2, 3)}, stateNone, "invalid IP"},
		{[]mod{requested("0.0.0.0")}, stateNone, "invalid IP"},
		{nil, stateNone, "invalid IP"},
	} {
		q := queryOf(request, 1, c.mods...)
		state, addr := stateOf(incomingOf(q))
		require.Equal(t, c.state, state)
		require.Equal(t, c.addr, addr.String())
	}
}

// RFC 2131, section 4.3.2 and table 3: a DHCPNAK says who refuses, and nothing
// else.
func TestNakFields(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "next-server": "192.0.2.5", "option-data": [{"name": "routers", "data": "192.0.2.1", "always-send": true}]`), nil)
	b.put(of(1, "192.0.2.12"))
	nak := b.ask(request, 7, requested("192.0.2.12"), toServer("192.0.2.1"), clientID("\x00me"), relay("192.0.2.254"), opt(optRelayInfo, 1, 1, 'x'))
	require.Equal(t, dhcpv4.Options{
		optMessageType: {6}, optServerID: {192, 0, 2, 1}, optClientID: []byte("\x00me"), optRelayInfo: {1, 1, 'x'},
	}, nak.Options)
	require.True(t, nak.ServerIPAddr.IsUnspecified())
	require.NotZero(t, nak.Flags&broadcastFlag, "the relay agent has to broadcast it")
}

// RFC 2131, table 3: ciaddr of an ACK is that of the REQUEST.
func TestAckFields(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	ack := b.ask(request, 7, ciaddr("192.0.2.12"), unicast)
	require.Equal(t, "192.0.2.12", ack.ClientIPAddr.String())
	ack = b.ask(request, 8, requested("192.0.2.13"), toServer("192.0.2.1"))
	require.True(t, ack.ClientIPAddr.IsUnspecified())
}

// A client that moves gives up its old lease in the same commit.
func TestMoveToReservation(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	b := newBench(t, oneSubnet(`, "reservations": [{"hw-address": "02:00:00:00:00:07", "ip-address": "192.0.2.99"}]`), &EngineOptions{Committer: rec})
	rec.Committer = b.store
	b.put(of(7, "192.0.2.12"))
	require.Equal(t, "NAK", short(b.ask(request, 7, ciaddr("192.0.2.12"), unicast)))
	require.Equal(t, "192.0.2.99", b.lease(7))
	require.Nil(t, b.stored("192.0.2.12"))
	require.Len(t, rec.commits, 1)
	require.Len(t, rec.commits[0], 2)
	require.True(t, rec.commits[0][0].Delete)
	require.Equal(t, "192.0.2.12", rec.commits[0][0].Lease.Addr.String())
	require.Equal(t, "192.0.2.99", rec.commits[0][1].Lease.Addr.String())
}

// recorder is a committer that notes what it is given, and may fail.
type recorder struct {
	lease.Committer
	commits [][]lease.Change
	before  func(changes []lease.Change) error
}

func (r *recorder) Commit(ctx context.Context, changes ...lease.Change) error {
	r.commits = append(r.commits, changes)
	if r.before != nil {
		if err := r.before(changes); err != nil {
			return err
		}
	}
	return r.Committer.Commit(ctx, changes...)
}

func TestNoReplyWithoutCommit(t *testing.T) {
	t.Parallel()
	broken := errors.New("partner does not answer")
	rec := &recorder{before: func([]lease.Change) error { return broken }}
	b := newBench(t, oneSubnet(), &EngineOptions{Committer: rec})
	rec.Committer = b.store
	reply, err := b.e.ServeDHCP(t.Context(), queryOf(request, 7, requested("192.0.2.12"), toServer("192.0.2.1")))
	require.Nil(t, reply)
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "192.0.2.12")
	require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 8, requested("192.0.2.12"))), "the client will ask for it again")

	rec.before = nil
	require.Equal(t, "ACK 192.0.2.12", short(b.ask(request, 7, requested("192.0.2.12"), toServer("192.0.2.1"))))
}

// What changes between a decision and its commit is decided again.
func TestConflictIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		other lease.Lease
		want  string
	}{
		{"taken by another", of(1, "192.0.2.12"), "NAK"},
		{"renewed by a partner", of(7, "192.0.2.12"), "ACK 192.0.2.12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rec := &recorder{}
			b := newBench(t, oneSubnet(), &EngineOptions{Committer: rec})
			rec.Committer = b.store
			rec.before = func([]lease.Change) error {
				rec.before = nil
				b.put(c.other)
				return nil
			}
			require.Equal(t, c.want, short(b.ask(request, 7, requested("192.0.2.12"), toServer("192.0.2.1"))))
		})
	}
	rec := &recorder{before: func([]lease.Change) error { return lease.ErrConflict }}
	b := newBench(t, oneSubnet(), &EngineOptions{Committer: rec})
	require.Equal(t, "silence", short(b.ask(request, 7, requested("192.0.2.12"), toServer("192.0.2.1"))))
	require.Len(t, rec.commits, engine.MaxTries)
}

// While a commit takes its time, nobody else is given the address, and the
// client's next query waits.
func TestCommitInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{before: func([]lease.Change) error { time.Sleep(2 * engine.OfferHold); return nil }}
		b := newBench(t, oneSubnet(), &EngineOptions{Committer: rec})
		rec.Committer = b.store
		first := make(chan string)
		go func() {
			reply, _ := b.e.ServeDHCP(context.Background(), queryOf(request, 7, requested("192.0.2.10"), toServer("192.0.2.1")))
			first <- short(reply.Message)
		}()
		time.Sleep(engine.OfferHold + time.Second)
		require.Equal(t, "OFFER 192.0.2.11", short(b.ask(discover, 8, requested("192.0.2.10"))))
		require.Equal(t, "NAK", short(b.ask(request, 9, requested("192.0.2.10"), toServer("192.0.2.1"))))

		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := b.e.ServeDHCP(ctx, queryOf(discover, 7))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, "ACK 192.0.2.10", <-first)
		require.Zero(t, b.e.core.Turns.Len(), "no memory for clients that ask nothing")
	})
}

// A lease that a partner has given is not refused to its client because this
// server has offered the address to another one, or tries to lease it, in vain.
func TestOfferDoesNotKeepLeaseFromItsClient(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	require.Equal(t, "OFFER 192.0.2.12", short(b.ask(discover, 8, requested("192.0.2.12"))))
	b.put(of(7, "192.0.2.12"))
	require.Equal(t, "ACK 192.0.2.12", short(b.ask(request, 7, ciaddr("192.0.2.12"), unicast)))
	require.Equal(t, "NAK", short(b.ask(request, 8, requested("192.0.2.12"), toServer("192.0.2.1"))))

	rec := &recorder{}
	b = newBench(t, oneSubnet(), &EngineOptions{Committer: rec})
	rec.Committer = b.store
	rec.before = func([]lease.Change) error {
		rec.before = nil
		b.put(of(7, "192.0.2.12"))
		require.Equal(t, "silence", short(b.ask(request, 7, ciaddr("192.0.2.12"), unicast)), "it is not known yet whose it is")
		return errors.New("the partner's client has it")
	}
	_, err := b.e.ServeDHCP(t.Context(), queryOf(request, 8, requested("192.0.2.12"), toServer("192.0.2.1")))
	require.Error(t, err)
	require.Equal(t, "ACK 192.0.2.12", short(b.ask(request, 7, ciaddr("192.0.2.12"), unicast)))
}
