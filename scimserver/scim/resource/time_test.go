package resource_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // in UTC; "": refused
		"2008-01-23T04:56:22Z":                "2008-01-23T04:56:22Z",
		"2008-01-23T04:56:22":                 "2008-01-23T04:56:22Z",
		"2008-01-23T04:56:22.5Z":              "2008-01-23T04:56:22.5Z",
		"2008-01-23T04:56:22.1234567891234Z":  "2008-01-23T04:56:22.123456789Z",
		"2008-01-23T04:56:22+02:00":           "2008-01-23T02:56:22Z",
		"2008-01-23T04:56:22.25-14:00":        "2008-01-23T18:56:22.25Z",
		"2024-02-29T23:59:59Z":                "2024-02-29T23:59:59Z",
		"2023-02-29T00:00:00Z":                "",
		"2008-13-01T00:00:00Z":                "",
		"2008-00-01T00:00:00Z":                "",
		"2008-01-00T00:00:00Z":                "",
		"2008-01-23T24:00:00Z":                "",
		"2008-01-23T04:60:00Z":                "",
		"2008-01-23T04:56:60Z":                "",
		"2008-01-23T04:56:22.Z":               "",
		"2008-01-23T04:56:22z":                "",
		"2008-01-23t04:56:22Z":                "",
		"2008-01-23 04:56:22Z":                "",
		"2008-01-23T04:56:22+15:00":           "",
		"2008-01-23T04:56:22+02:60":           "",
		"2008-01-23T04:56:22+0200":            "",
		"2008-01-23T04:56:22+02":              "",
		"2008-01-23T04:56Z":                   "",
		"2008-01-23":                          "",
		"0000-01-23T04:56:22Z":                "",
		"-008-01-23T04:56:22Z":                "",
		"2008-01-23T04:56:22ZZ":               "",
		"2008-01-23T04:56:2éZ":                "",
		"2008-1-23T04:56:22Z":                 "",
		"":                                    "",
		"1/23/2008 4:56:22 AM, with a remark": "",
	}
	for in, want := range tests {
		got, ok := resource.ParseTime(in)
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("ParseTime(%q) = %v, %v, want %q", in, got, ok, want)
		}
	}
}

func TestLooseTime(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2008-01-23":           "2008-01-23T00:00:00Z",
		"2008-01-23 04:56:22":  "2008-01-23T04:56:22",
		"2008-01-23t04:56:22z": "2008-01-23T04:56:22Z",
		"2008-02-30":           "",
		"1/23/2008":            "",
		"":                     "",
	} {
		if got, ok := resource.LooseTime(in); ok != (want != "") || ok && got != want {
			t.Errorf("LooseTime(%q) = %q, %v, want %q", in, got, ok, want)
		}
	}
}

func TestAppendTimeIsAppendFormat(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const year0, year12000 = -62167219200000, 316516204800000 // milliseconds
		at := time.UnixMilli(rapid.Int64Range(year0-1e12, year12000).Draw(t, "at")).In(time.FixedZone("", rapid.IntRange(-43200, 43200).Draw(t, "zone")))
		if got, want := string(resource.AppendTime([]byte("x"), at)), "x"+at.UTC().Format("2006-01-02T15:04:05.000Z"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func BenchmarkAppendTime(b *testing.B) {
	at := time.Date(2026, 11, 22, 5, 12, 1, 519e6, time.UTC)
	var dst []byte
	for b.Loop() {
		dst = resource.AppendTime(dst[:0], at)
	}
}
