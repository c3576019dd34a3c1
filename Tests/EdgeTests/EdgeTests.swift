// EdgeTests
