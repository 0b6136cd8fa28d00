package option_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/option"
)

// compile makes what is sent to a client that asks for every code.
func (c *testCase) compile(t testing.TB) ([]*option.Option, error) {
	var defList []option.Def
	if err := json.Unmarshal([]byte("["+c.defs+"]"), &defList); err != nil {
		return nil, err
	}
	defs := option.NewDefs(option.V4)
	for _, d := range defList {
		if err := defs.Add(d); err != nil {
			return nil, err
		}
	}
	var data []option.Data
	require.NoError(t, json.Unmarshal([]byte("["+c.data+"]"), &data))
	var options []option.Option
	for _, d := range data {
		o, err := option.Compile(d, defs)
		if err != nil {
			return nil, err
		}
		options = append(options, o)
	}
	list, err := option.NewList(option.V4, options...)
	require.NoError(t, err)
	q := option.Query{}
	for code := range 254 {
		q.Requested = append(q.Requested, uint16(code+1))
	}
	return option.Choose(nil, &q, list), nil
}

// text writes options as the test cases do.
func text(options []*option.Option) string {
	var s []string
	for _, o := range options {
		s = append(s, fmt.Sprintf("%d=%x", o.Code, o.Value))
	}
	return strings.Join(s, " ")
}

func (c *testCase) wanted() string { return strings.ReplaceAll(c.want, " ", "") }

func TestCompile(t *testing.T) {
	t.Parallel()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.compile(t)
			if c.want == refused {
				require.Error(t, err)
				t.Log(err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.wanted(), text(got))
		})
	}
}

func FuzzCompile(f *testing.F) {
	for _, c := range cases {
		var data []option.Data
		require.NoError(f, json.Unmarshal([]byte("["+c.data+"]"), &data))
		for _, d := range data {
			f.Add(d.Code, d.Name, d.Space, d.Data, d.CSVFormat == nil || *d.CSVFormat)
		}
	}
	f.Fuzz(func(t *testing.T, code uint16, name, space, text string, csv bool) {
		for _, family := range []option.Family{option.V4, option.V6} {
			d := option.Data{Code: code, Name: name, Space: space, Data: text, CSVFormat: &csv}
			o, err := option.Compile(d, option.NewDefs(family))
			if err != nil {
				continue
			}
			// What is encoded is a value of its definition in hexadecimal too,
			// and then the same.
			again := option.Data{Code: o.Code, Space: space, Data: hex.EncodeToString(o.Value), CSVFormat: new(false)}
			o2, err := option.Compile(again, option.NewDefs(family))
			require.NoError(t, err)
			require.True(t, bytes.Equal(o.Value, o2.Value), "%x became %x", o.Value, o2.Value)
		}
	})
}
