package tolerance

// Rules for paging.
const (
	CursorCount Rule = "cursor-count"
)

const inPaging = "paging"

var pagingRules = []Info{
	{
		CursorCount, "none in particular",
		"with a cursor, a count above maxPageSize, or another one than the walk began with; the page has that many resources, and maxPageSize at most", inPaging,
	},
}
