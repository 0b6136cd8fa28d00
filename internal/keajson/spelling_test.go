package keajson

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnknownKeyIsPerhapsAnother(t *testing.T) {
	fields := map[string][]int{"valid-lifetime": nil, "interfaces": nil, "subnet4": nil, "id": nil, "t1-percent": nil, "t2-percent": nil}
	for key, meant := range map[string]string{
		"valid-lifetme": "valid-lifetime", "valid_lifetimes": "valid-lifetime", "validlifetme": "valid-lifetime",
		"interface": "interfaces", "subnet": "subnet4", "subnet6": "subnet4", "t2-percnt": "t2-percent", "ID": "id",
	} {
		require.Equal(t, `unknown key; is "`+meant+`" meant?`, unknown(key, fields), key)
	}
	for _, key := range []string{"", "ix", "pools", "max-valid-lifetime", "xyz-percent", "lifetime"} {
		require.Equal(t, "unknown key", unknown(key, fields), key)
	}
}

func TestSlips(t *testing.T) {
	for texts, n := range map[[2]string]int{
		{"", ""}: 0, {"a", ""}: 1, {"", "ab"}: 2, {"abc", "abc"}: 0, {"abc", "adc"}: 1, {"abc", "ac"}: 1, {"abc", "xabc"}: 1,
		{"abcd", "badc"}: 3, {"kitten", "sitten"}: 1, {"abcdef", "xyz"}: maxSlips + 1,
	} {
		require.Equal(t, n, slips(texts[0], texts[1]), texts)
		require.Equal(t, n, slips(texts[1], texts[0]), texts)
	}
}
