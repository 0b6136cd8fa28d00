package dhcp4

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"

	"github.com/dhcpha/dhcpha/internal/serve"
)

func TestUnwanted(t *testing.T) {
	t.Parallel()
	vm, err := bpf.NewVM(append([]bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegX, Val: 20}}, new(protocol).Unwanted()...))
	require.NoError(t, err)
	refuses := func(payload []byte) bool {
		n, err := vm.Run(append(make([]byte, 20+udpHeader), payload...))
		require.NoError(t, err)
		return n == 0
	}
	for typ := dhcpv4.MessageTypeDiscover; typ <= dhcpv4.MessageTypeInform; typ++ {
		m := query(t, typ, dhcpv4.WithGatewayIP(net.IPv4(10, 0, 0, 1)))
		require.Equal(t, new(protocol).ShedFirst(int(typ)), refuses(m.ToBytes()), typ)
	}
	b := query(t, dhcpv4.MessageTypeDiscover).ToBytes()
	late := append(append(b[:offsetOptions:offsetOptions], 12, 1, 'a'), b[offsetOptions:]...)
	require.False(t, refuses(late), "what kind it is would have to be searched for")
	require.True(t, refuses(b[:offsetOptions]))
	odd := append(append(b[:offsetOptions:offsetOptions], optMessageType, 0, 1, 4, 255, 255, 255, 0), query(t, dhcpv4.MessageTypeRequest).ToBytes()[offsetOptions:]...)
	require.False(t, refuses(odd), "an empty message type in front of the one that counts")
}

func TestRefusesDiscoverWhileTooManyAreInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := start(t, &Server{MaxInFlight: 40, Handler: HandlerFunc(func(context.Context, *Query) (*Reply, error) {
			<-release
			return nil, nil
		})})
		deliver := func(typ dhcpv4.MessageType, n int) (refusing bool) {
			for range n {
				deliver(s.raw, query(t, typ), anyClient, everybody)
			}
			synctest.Wait()
			require.Equal(t, s.raw.Refusing(), s.udp.Refusing())
			return s.raw.Refusing()
		}
		done := func(n int) (refusing bool) {
			for range n {
				release <- struct{}{}
			}
			synctest.Wait()
			return s.raw.Refusing()
		}
		require.False(t, deliver(dhcpv4.MessageTypeRequest, 20))
		require.True(t, deliver(dhcpv4.MessageTypeDiscover, 1))
		require.True(t, deliver(dhcpv4.MessageTypeRequest, 30), "REQUESTs are read, and shed only beyond the bound")
		require.EqualValues(t, 1+10, s.Counters().Shed)
		require.True(t, done(29))
		require.False(t, done(1), "a quarter is left")
		require.False(t, deliver(dhcpv4.MessageTypeDiscover, 10))
		require.True(t, deliver(dhcpv4.MessageTypeDiscover, 1), "and again")
		time.Sleep(serve.Redetect)
		require.True(t, done(0), "half of the bound is in flight")
		require.True(t, done(5))
		time.Sleep(serve.Redetect)
		require.False(t, done(0), "what stays in flight leaves room for DISCOVERs")
		require.False(t, deliver(dhcpv4.MessageTypeRequest, 5))
		require.True(t, deliver(dhcpv4.MessageTypeDiscover, 1))
		s.raw.FailRefusing(errors.ErrUnsupported)
		s.udp.FailRefusing(errors.ErrUnsupported)
		require.True(t, done(20), "the sockets would not be told")
		s.raw.FailRefusing(nil)
		s.udp.FailRefusing(nil)
		time.Sleep(serve.Redetect)
		require.False(t, done(0), "they are told again")
		require.Zero(t, s.Counters().InFlight)
		s.end()
		require.NoError(t, <-s.ended)
	})
}
