package dhcp6

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// noTime stands in for the time in a DUID that is made now.
const noTime = "tttttttt"

func TestServerDUID(t *testing.T) {
	t.Parallel()
	const (
		llt  = "0001 0001 00000007 02000000000a"
		ll   = "0003 0001 02000000000a"
		en   = "0002 000009bf 0102"
		uuid = "0004 00112233445566778899aabbccddeeff"
	)
	found := func() (uint16, []byte, error) { return 1, []byte{2, 0, 0, 0, 0, 9}, nil }
	for name, c := range map[string]struct {
		cfg    *ServerID
		stored string
		want   string
	}{
		"one is made":           {nil, "", "0001 0001 tttttttt 020000000009"},
		"the stored one":        {nil, uuid, uuid},
		"LLT as it is stored":   {&ServerID{Type: "LLT"}, llt, llt},
		"LLT, another stored":   {&ServerID{Type: "LLT"}, en, "0001 0001 tttttttt 020000000009"},
		"LLT with time":         {&ServerID{Type: "LLT", Time: 5}, llt, "0001 0001 00000005 02000000000a"},
		"LLT, another hardware": {&ServerID{Type: "LLT", HType: 6}, llt, "0001 0006 tttttttt 02000000000a"},
		"LLT in full":           {&ServerID{Type: "LLT", HType: 8, Time: 5, Identifier: []byte{1, 2, 3}}, llt, "0001 0008 00000005 010203"},
		"LL":                    {&ServerID{Type: "LL"}, "", "0003 0001 020000000009"},
		"LL as it is stored":    {&ServerID{Type: "LL"}, ll, ll},
		"LL with address":       {&ServerID{Type: "LL", Identifier: []byte{1, 2, 3}}, ll, "0003 0001 010203"},
		"EN as it is stored":    {&ServerID{Type: "EN"}, en, en},
		"EN, another number":    {&ServerID{Type: "EN", EnterpriseID: 1}, en, "0002 00000001 0102"},
		"EN in full":            {&ServerID{Type: "EN", EnterpriseID: 1, Identifier: []byte{9}}, en, "0002 00000001 09"},
		"EN, Kea's number":      {&ServerID{Type: "EN", Identifier: []byte{9}}, "", "0002 000009bf 09"},
		"UUID as it is stored":  {&ServerID{Type: "UUID"}, uuid, uuid},
		"UUID in full":          {&ServerID{Type: "UUID", Identifier: bytes.Repeat([]byte{7}, 16)}, uuid, "0004" + strings.Repeat("07", 16)},
		"not kept":              {&ServerID{Type: "LL", Persist: new(false)}, ll, "0003 0001 020000000009"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := uint32(time.Now().Unix() - duidEpoch)
			got, err := serverDUID(c.cfg, unhex(c.stored), found)
			require.NoError(t, err)
			text := hex.EncodeToString(got)
			want := strings.ReplaceAll(c.want, " ", "")
			if i := strings.Index(want, noTime); i >= 0 {
				made := binary.BigEndian.Uint32(got[i/2:])
				require.True(t, before <= made && made <= uint32(time.Now().Unix()-duidEpoch), made)
				text = text[:i] + noTime + text[i+len(noTime):]
			}
			require.Equal(t, want, text)
		})
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func TestDrawnDUID(t *testing.T) {
	t.Parallel()
	none := func() (uint16, []byte, error) { return 0, nil, errors.New("no interface") }
	seen := map[string]bool{}
	for range 3 {
		for _, cfg := range []*ServerID{nil, {Type: "UUID"}, {Type: "EN"}} {
			got, err := serverDUID(cfg, nil, none)
			require.NoError(t, err)
			require.False(t, seen[string(got)])
			seen[string(got)] = true
			if cfg == nil || cfg.Type == "UUID" {
				require.Len(t, got, 18)
				require.EqualValues(t, duidUUID, duidType(got))
			} else {
				require.Equal(t, unhex("0002000009bf"), got[:6])
				require.Len(t, got, 12)
			}
		}
	}
	for _, cfg := range []*ServerID{{Type: "LL"}, {Type: "LLT"}, {Type: "XY"}, {Type: "UUID", Identifier: []byte{1}}} {
		_, err := serverDUID(cfg, nil, none)
		require.Error(t, err)
	}
}
