package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"strings"
)

// TokenPattern finds generated tokens in text (RE2 and PCRE): for secret scanners. CheckToken tells a token from
// something that only looks like one.
const TokenPattern = `\bscim_[0-9A-Za-z]{49}\b`

// The form of a generated token: prefix, 32 random bytes in base 62, CRC-32 of both in base 62. Only letters and digits,
// so that a double click selects all of it.
const (
	tokenPrefix = "scim_"
	randomBytes = 32
	randomChars = 43
	sumChars    = 6
	tokenChars  = len(tokenPrefix) + randomChars + sumChars
)

// Bounds of a token that somebody brings, in bytes.
const (
	MinTokenBytes = 16
	MaxTokenBytes = 1024
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewToken makes a bearer token with 256 bits from rand and an ID for it, which is random too: it tells nothing about
// the token.
func NewToken(rand io.Reader) (token, id string, err error) {
	var b [randomBytes + 6]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", "", fmt.Errorf("token: read random bytes: %w", err)
	}
	body := tokenPrefix + encode62(new(big.Int).SetBytes(b[:randomBytes]), randomChars)
	return body + tokenSum(body), hex.EncodeToString(b[randomBytes:]), nil
}

// CheckToken tells whether token has the form of a generated one and its checksum is right.
func CheckToken(token string) bool {
	if len(token) != tokenChars || !strings.HasPrefix(token, tokenPrefix) {
		return false
	}
	body, sum := token[:len(token)-sumChars], token[len(token)-sumChars:]
	return strings.Trim(body[len(tokenPrefix):], base62) == "" && tokenSum(body) == sum
}

// HashToken is the SHA-256 of token in lower-case hexadecimal. A slow hash would buy nothing: generated tokens have 256
// random bits.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// AcceptToken checks a token that somebody brings: MinTokenBytes to MaxTokenBytes of the characters that a bearer token
// may have (RFC 6750 §2.1). A token with the prefix of generated ones must be one.
func AcceptToken(token string) error {
	switch {
	case len(token) < MinTokenBytes:
		return fmt.Errorf("token: %d bytes, at least %d are needed", len(token), MinTokenBytes)
	case len(token) > MaxTokenBytes:
		return fmt.Errorf("token: %d bytes, at most %d", len(token), MaxTokenBytes)
	case strings.Trim(strings.TrimRight(token, "="), base62+"-._~+/") != "":
		return errors.New("token: only letters, digits and - . _ ~ + / with = at the end are allowed")
	case strings.HasPrefix(token, tokenPrefix) && !CheckToken(token):
		return fmt.Errorf("token: begins with %s but its checksum is wrong: copy it again", tokenPrefix)
	}
	return nil
}

func tokenSum(body string) string {
	return encode62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(body)))), sumChars)
}

// encode62 writes n with width digits, the highest first.
func encode62(n *big.Int, width int) string {
	out, base, digit := make([]byte, width), big.NewInt(int64(len(base62))), new(big.Int)
	for i := width - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = base62[digit.Int64()]
	}
	return string(out)
}
