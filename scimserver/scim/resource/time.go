package resource

import "time"

// ParseTime reads an xsd:dateTime (RFC 7643 §2.3.5), to the nanosecond; without a zone it is UTC.
func ParseTime(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05") || len(s) > 64 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	var n [6]int
	ok := true
	for i, at := range [6]int{0, 5, 8, 11, 14, 17} {
		width := 2
		if i == 0 {
			width = 4
		}
		for _, c := range []byte(s[at : at+width]) {
			ok = ok && '0' <= c && c <= '9'
			n[i] = n[i]*10 + int(c-'0')
		}
	}
	nanos, rest := fraction(s[19:])
	offset, zoneOK := zone(rest)
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], nanos, time.UTC)
	// What does not exist, as February 30 or 25:00, comes out as another time.
	ok = ok && zoneOK && nanos >= 0 && n[0] > 0 && t.Month() == time.Month(n[1]) && t.Day() == n[2] && n[3] < 24 && n[4] < 60 && n[5] < 60
	return t.Add(-offset), ok
}

// fraction reads the digits behind the seconds; -1 is malformed.
func fraction(s string) (nanos int, rest string) {
	if s == "" || s[0] != '.' {
		return 0, s
	}
	scale := int(time.Second) / 10
	i := 1
	for ; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
		nanos += int(s[i]-'0') * scale
		scale /= 10
	}
	if i == 1 {
		return -1, s
	}
	return nanos, s[i:]
}

// zone reads Z, +hh:mm, -hh:mm or nothing.
func zone(s string) (time.Duration, bool) {
	if s == "" || s == "Z" {
		return 0, true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	for _, i := range [4]int{1, 2, 4, 5} {
		if s[i] < '0' || '9' < s[i] {
			return 0, false
		}
	}
	hours, minutes := int(s[1]-'0')*10+int(s[2]-'0'), int(s[4]-'0')*10+int(s[5]-'0')
	d := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		return -d, d <= 14*time.Hour && minutes < 60
	}
	return d, d <= 14*time.Hour && minutes < 60
}

// LooseTime reads forms that are no xsd:dateTime but plain enough, 2008-01-23 and 2008-01-23 04:56:22Z, and returns them as one.
func LooseTime(s string) (string, bool) {
	switch {
	case len(s) == len("2006-01-02"):
		s += "T00:00:00Z"
	case len(s) > len("2006-01-02") && (s[10] == ' ' || s[10] == 't'):
		s = s[:10] + "T" + s[11:]
	}
	if n := len(s); n > 0 && s[n-1] == 'z' {
		s = s[:n-1] + "Z"
	}
	_, ok := ParseTime(s)
	return s, ok
}

// AppendTime appends a time in UTC with milliseconds, as meta has it.
func AppendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	}
	hour, minute, second := t.Clock()
	dst = append(appendDigits(dst, year, 4), '-')
	dst = append(appendDigits(dst, int(month), 2), '-')
	dst = append(appendDigits(dst, day, 2), 'T')
	dst = append(appendDigits(dst, hour, 2), ':')
	dst = append(appendDigits(dst, minute, 2), ':')
	dst = append(appendDigits(dst, second, 2), '.')
	return append(appendDigits(dst, t.Nanosecond()/1e6, 3), 'Z')
}

// appendDigits appends the last digits of n.
func appendDigits(dst []byte, n, digits int) []byte {
	dst = append(dst, "0000"[:digits]...)
	for i := len(dst) - 1; digits > 0; i, digits = i-1, digits-1 {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}
