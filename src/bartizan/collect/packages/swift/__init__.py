"""Swift and Apple's platforms: the Swift package manager and CocoaPods."""
