package serve

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func frame(payload string) []byte {
	b := append(make([]byte, headersLen), payload...)
	putFrame(b, netip.MustParseAddrPort("192.0.2.1:67"), netip.MustParseAddrPort("192.0.2.100:68"))
	return b
}

// The checksums were computed by hand (RFC 791 and RFC 768).
func TestPutFrame(t *testing.T) {
	t.Parallel()
	require.Equal(t, []byte{
		0x45, 0, 0, 31, 0, 0, 0x40, 0, 64, 17, 0xb6, 0x68, 192, 0, 2, 1, 192, 0, 2, 100,
		0, 67, 0, 68, 0, 11, 0xb6, 0x88, 'a', 'b', 'c',
	}, frame("abc"))
}

func TestParseFrame(t *testing.T) {
	t.Parallel()
	payload, src, dst, ok := parseFrame(append(frame("abc"), 0, 0, 0, 0), true) // padded to Ethernet's minimum
	require.True(t, ok)
	require.Equal(t, "abc", string(payload))
	require.Equal(t, netip.MustParseAddrPort("192.0.2.1:67"), src)
	require.Equal(t, netip.MustParseAddr("192.0.2.100"), dst)

	spoiled := frame("abc")
	spoiled[30]++
	_, _, _, ok = parseFrame(spoiled, true)
	require.False(t, ok, "UDP checksum")
	_, _, _, ok = parseFrame(spoiled, false)
	require.True(t, ok, "left to the network card")
	spoiled[26], spoiled[27] = 0, 0
	_, _, _, ok = parseFrame(spoiled, true)
	require.True(t, ok, "no checksum at all")

	withHeader := func(change func(ip []byte)) []byte {
		b := frame("abc")
		change(b)
		b[10], b[11] = 0, 0
		c := ^fold(sum(0, b[:ipHeaderLen]))
		b[10], b[11] = byte(c>>8), byte(c)
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"half a header":   frame("abc")[:19],
		"half a datagram": frame("abc")[:30],
		"IPv6":            withHeader(func(ip []byte) { ip[0] = 0x65 }),
		"header length":   withHeader(func(ip []byte) { ip[0] = 0x44 }),
		"first fragment":  withHeader(func(ip []byte) { ip[6] = 0x20 }),
		"later fragment":  withHeader(func(ip []byte) { ip[7] = 1 }),
		"TCP":             withHeader(func(ip []byte) { ip[9] = 6 }),
		"UDP length":      withHeader(func(ip []byte) { ip[25] = 12 }),
		"header checksum": slices.Concat(frame("abc")[:8], []byte{63}, frame("abc")[9:]),
	} {
		_, _, _, ok := parseFrame(b, true)
		require.False(t, ok, name)
	}
}

// A frame that is read says what one says that is written of what was read.
func FuzzParseFrame(f *testing.F) {
	f.Add(frame("abc"), true)
	f.Add(append(frame("odd"), 0, 0), false)
	f.Add(frame(""), true)
	f.Fuzz(func(t *testing.T, b []byte, verify bool) {
		before := bytes.Clone(b)
		payload, src, dst, ok := parseFrame(b, verify)
		require.Equal(t, before, b, "a frame is not changed")
		if !ok {
			return
		}
		require.LessOrEqual(t, len(payload)+headersLen, len(b))
		again := append(make([]byte, headersLen), payload...)
		putFrame(again, src, netip.AddrPortFrom(dst, 68))
		said, from, to, ok := parseFrame(again, true)
		require.True(t, ok)
		require.Equal(t, payload, said)
		require.Equal(t, src, from)
		require.Equal(t, dst, to)
		// Whatever is between, one octet that is wrong is noticed.
		if len(again) > headersLen {
			again[len(again)-1] ^= 0x55
			_, _, _, ok = parseFrame(again, true)
			require.False(t, ok)
		}
	})
}
