package hash_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/hash"
)

// unhex reads octets with or without colons between them.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, ":", ""))
	require.NoError(t, err)
	return b
}

func TestSum(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]uint8{
		"":                             0,
		"00":                           175,
		"ff":                           234,
		"0102030405":                   238,
		"010203040506":                 179,
		"000102030405":                 161,
		"525400123456":                 156,
		"01525400123456":               253,
		"aabbccddeeff":                 57,
		"00030001525400123456":         175,
		"000100012a1b2c3d525400123456": 9,
	} {
		require.Equal(t, want, hash.Sum(unhex(t, key)), key)
	}
}

// RFC 3074, section 6: the hash must spread; the mixing table holds every
// octet once, so keys that differ in one octet only never meet.
func TestOneOctetKeysFillEveryBucket(t *testing.T) {
	t.Parallel()
	seen := make(map[uint8]bool)
	for n := range 256 {
		seen[hash.Sum([]byte{byte(n)})] = true
	}
	require.Len(t, seen, 256)
}

func TestLongKeys(t *testing.T) {
	t.Parallel()
	// The start value is the length modulo 256.
	require.NotEqual(t, hash.Sum(make([]byte, 255)), hash.Sum(make([]byte, 256)))
	require.NotPanics(t, func() { hash.Sum(make([]byte, 1<<16)) })
}

// The clients in testdata were answered by exactly one of two real Kea
// servers each; the hash must name that one.
func TestAgreesWithKea(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"testdata/v4-lb-leases.hash.jsonl", "testdata/v6-lb-leases.hash.jsonl"} {
		f, err := os.Open(file)
		require.NoError(t, err)
		defer f.Close()
		clients := 0
		for s := bufio.NewScanner(f); s.Scan(); clients++ {
			var c struct {
				HWAddr     string   `json:"hw-address"`
				ClientID   string   `json:"client-id"`
				DUID       string   `json:"duid"`
				Hash       uint8    `json:"hash"`
				AnsweredBy []string `json:"answered_by"`
			}
			require.NoError(t, json.Unmarshal(s.Bytes(), &c))
			bucket, ok := hash.V4(unhex(t, c.ClientID), unhex(t, c.HWAddr))
			if c.DUID != "" {
				bucket, ok = hash.V6(unhex(t, c.DUID))
			}
			require.True(t, ok)
			require.Equal(t, c.Hash, bucket, s.Text())
			for i, name := range []string{"server1", "server2"} {
				share := hash.Share(i, 2)
				require.Equal(t, c.AnsweredBy[0] == name, share.Contains(bucket), "%s: %s", name, s.Text())
			}
		}
		require.Equal(t, 48, clients)
	}
}

func TestClientIdentifierComesBeforeHardwareAddress(t *testing.T) {
	t.Parallel()
	id, hw := []byte{1, 2, 3}, []byte{4, 5, 6}
	both, ok := hash.V4(id, hw)
	require.True(t, ok)
	require.Equal(t, hash.Sum(id), both)
	alone, ok := hash.V4([]byte{}, hw) // an empty option 61 is none
	require.True(t, ok)
	require.Equal(t, hash.Sum(hw), alone)
}

func TestNoIdentifierNoBucket(t *testing.T) {
	t.Parallel()
	_, ok := hash.V4(nil, nil)
	require.False(t, ok)
	_, ok = hash.V6(nil)
	require.False(t, ok)
}

func TestNothingAllocates(t *testing.T) {
	id, hw := []byte{1, 2, 3}, []byte{4, 5, 6}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		mine := hash.Share(1, 2)
		b4, _ := hash.V4(id, hw)
		b6, _ := hash.V6(id)
		if mine.Contains(b4) && mine.Contains(b6) {
			mine.Add(b4)
		}
	}))
}

func FuzzSum(f *testing.F) {
	f.Add([]byte{0x52, 0x54, 0, 0x12, 0x34, 0x56})
	f.Add([]byte{})
	f.Add(make([]byte, 300))
	f.Fuzz(func(t *testing.T, key []byte) {
		// Changing any one octet changes the hash: mix is a permutation.
		h := hash.Sum(key)
		if len(key) > 0 {
			key[int(h)%len(key)]++
			require.NotEqual(t, h, hash.Sum(key))
		}
	})
}

func BenchmarkV4(b *testing.B) {
	id := unhex(b, "01525400123456")
	b.ReportAllocs()
	for b.Loop() {
		hash.V4(id, nil)
	}
}
