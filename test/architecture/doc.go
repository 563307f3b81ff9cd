// Package architecture holds the rules of the whole repository as tests: who may import whom, names, sizes and words.
package architecture
